import Configuration
import Failures
import Testing
import Training

/// Every two choices that a training can be given, together, on a few images: nothing traps, and chunks of any size
/// give the same gradients.
@Suite struct CombinationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let overrides: [String]
        var testDescription: String { overrides.joined(separator: " ") }
    }

    private static let settings = [
        Combination.classifier, "task: denoiser\n" + Combination.classifier,
    ].map { text in Result { try Settings(of: text) } }
    private static let arrays = settings.map { settings in
        settings.map { settings in
            CoveringArray(
                settings.factors, completed: { settings.completed($0) }, isAllowed: { settings.isAllowed($0) })
        }
    }
    static let rows = zip(settings, arrays).flatMap { settings, array -> [Row] in
        guard let settings = try? settings.get(), let array = try? array.get() else { return [] }
        let task = settings.text.hasPrefix("task") ? ["task=denoiser"] : []
        return array.rows.map { Row(overrides: task + settings.overrides($0)) }
    }

    @Test func theChoicesAreThoseOfTheRegistries() throws {
        let classifier = try Self.settings[0].get(), denoiser = try Self.settings[1].get()
        func values(_ path: String, _ settings: Settings) -> [String] {
            settings.factors.first { $0.path == path }?.values ?? []
        }
        #expect(values("loss.kind", classifier).count >= 6)
        #expect(Set(values("model.kind", classifier)).isSuperset(of: ["resnet", "resnet18", "vit", "mlp"]))
        #expect(Set(values("model.kind", denoiser)).isSuperset(of: ["unet", "mlp-denoiser"]))
        #expect(values("model.norm", classifier).count >= 4 && values("model.activation", classifier).count >= 3)
        #expect(values("loss.alignment.targets.kind", classifier).count >= 6)
        #expect(values("loss.alignment.statistics", classifier).count >= 4)
        #expect(values("train.optimizer.kind", classifier).count >= 2)
        #expect(values("loss.attack.norm", classifier).count >= 2)
        #expect(Self.rows.count > 30, "\(Self.rows.count) rows")
    }

    @Test func whatDoesNotGoTogetherIsRefusedInALine() throws {
        for (settings, array) in zip(Self.settings, Self.arrays) {
            let settings = try settings.get(), array = try array.get(), refused = array.refused
            for pair in refused {
                let overrides = settings.overrides(pair), failure = settings.refusal(of: overrides) as? Failure
                #expect(failure?.kind == .usage || failure?.kind == .badInput, "\(overrides)")
                #expect(failure?.description.contains("\n") == false, "\(overrides)")
            }
            print("\(array.rows.count) rows, \(refused.count) pairs of choices refused")
        }
    }

    /// Each in a process of its own, which a trap ends without the others.
    @Test(arguments: rows) func everyTwoChoicesTrain(_ row: Row) async {
        await #expect(processExitsWith: .success) { [overrides = row.overrides as [String]] in
            try Combination(overrides).check()
        }
    }
}
