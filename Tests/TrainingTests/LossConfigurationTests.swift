import Configuration
import Failures
import Foundation
import Testing
import Training

/// What the `loss` section means, by the words that users write.
@Suite struct LossConfigurationTests {
    func loss(_ text: String) throws -> LossConfiguration {
        let run: RunConfiguration = try Configuration.read(text: "loss: \(text)", source: "test")
        return run.loss
    }

    @Test(arguments: [
        ("{}", 1.0), ("{kind: pag}", 1), ("{kind: pag, alignment: {weight: 0.5}}", 0.5),
        ("{kind: pag, alignment: {weight: 0}}", 0),
    ]) func alignedGradientsAlwaysHaveTheTerm(_ text: String, _ weight: Double) throws {
        #expect(try loss(text).activeAlignment?.weight == weight)
    }

    @Test func vanillaHasNoTermWhateverTheWeight() throws {
        #expect(try loss("{kind: vanilla}").activeAlignment == nil)
        #expect(try loss("{kind: vanilla, alignment: {weight: 2}}").activeAlignment == nil)
    }

    @Test(arguments: [
        "at", "trades", "mart", "gradient-penalty", "cure", "n-fgsm", "gaussian-noise", "smooth-adversarial",
        "consistency",
    ])
    func theOthersHaveTheTermWhereItsWeightSaysSo(_ kind: String) throws {
        #expect(try loss("{kind: \(kind)}").activeAlignment == nil)
        #expect(try loss("{kind: \(kind), alignment: {weight: 0}}").activeAlignment == nil)
        #expect(try loss("{kind: \(kind), alignment: {weight: 0.3}}").activeAlignment?.weight == 0.3)
    }

    @Test(arguments: [
        ("{kind: trades, attack: {randomStart: false}}", "loss.attack"),
        ("{kind: at, attack: {epsilon: 8/0}}", "loss.attack.epsilon"),
        ("{kind: at, attack: {epsilon: 0}}", "loss.attack.epsilon"),
        ("{kind: at, attack: {epsilon: 8 of 255}}", "loss.attack.epsilon"),
        ("{kind: at, attack: {stepSize: -1/255}}", "loss.attack.stepSize"),
        ("{kind: at, attack: {steps: 0}}", "loss.attack.steps"),
        ("{kind: at, attack: {randomStart: maybe}}", "loss.attack.randomStart"),
        ("{kind: at, attack: {statistics: frozen}}", "loss.attack.statistics"),
        ("{kind: at, beta: 6}", "beta"), ("{kind: vanilla, attack: {}}", "attack"),
        ("{kind: mart, beta: -1}", "loss.beta"), ("{kind: gradient-penalty, norm: linf}", "loss.norm"),
        ("{kind: cure, distance: 0}", "loss.distance"), ("{kind: n-fgsm, noise: -1}", "loss.noise"),
        ("{kind: gaussian-noise, sigma: 0}", "loss.sigma"),
        ("{kind: smooth-adversarial, sigma: -1}", "loss.sigma"),
        ("{kind: smooth-adversarial, draws: 0}", "loss.draws"),
        ("{kind: smooth-adversarial, attack: {epsilon: 0}}", "loss.attack.epsilon"),
        ("{kind: consistency, draws: 1}", "loss.draws"), ("{kind: consistency, lambda: -1}", "loss.lambda"),
        ("{kind: consistency, eta: nan}", "loss.eta"), ("{kind: consistency, attack: {}}", "attack"),
        ("{kind: pgd}", "gradient-penalty"),
    ]) func mistakesAreNamed(_ text: String, _ place: String) throws {
        let failure = #expect(throws: Failure.self) { try loss(text) }
        #expect(failure?.kind == .badInput)
        #expect(failure?.description.contains(place) == true, "\(failure?.description ?? "")")
    }

    @Test(arguments: ["cifar10-pgd-at", "cifar10-trades", "cifar10-mart", "cifar10-pgd-at-nearest-neighbour"])
    func anyConfigurationIsOneOverrideFromItsTwin(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("configs")
        for kind in [
            "vanilla", "pag", "at", "trades", "mart", "gradient-penalty", "cure", "n-fgsm", "gaussian-noise",
            "smooth-adversarial", "consistency",
        ] {
            let run: RunConfiguration = try Configuration.read(
                file: folder.appendingPathComponent(name + ".yaml").path, overrides: ["loss.kind=\(kind)"])
            #expect(try Configuration.text(of: run.loss).contains("kind: \(kind)\n"))
        }
    }

    @Test func whatARunDoesNotUseMayChangeWithIt() throws {
        func trajectory(_ text: String) throws -> String {
            let run: RunConfiguration = try Configuration.read(text: "loss: \(text)", source: "test")
            return try Configuration.text(of: run.trajectory)
        }
        #expect(
            try trajectory("{kind: vanilla}") == trajectory("{kind: vanilla, alignment: {targets: {kind: one-image}}}"))
        #expect(try trajectory("{}") != trajectory("{alignment: {targets: {kind: one-image}}}"))
        #expect(try trajectory("{}") == trajectory("{alignment: {weight: 1}}"))
    }
}
