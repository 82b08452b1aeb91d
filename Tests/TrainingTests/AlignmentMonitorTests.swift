import Autodiff
import Configuration
import Data
import Distributed
import Formats
import Foundation
import Kernels
import Logging
import Models
import Targets
import Testing
import Training

/// What a run says of the alignment of images that it does not train on.
@Suite struct AlignmentMonitorTests {
    static let watched = ["monitor={everyEpochs: 1, steps: 2, alignmentSamples: 7}", "data.validation=20"]

    /// A run whose monitor looks at nothing but alignment, and the cosine that its last epoch logged.
    func watchedRun(
        _ folder: RunTests.Folder, _ overrides: [String] = [], on communicator: any Communicator = SingleProcess()
    ) throws -> TrainingRun {
        let configuration: RunConfiguration = try Configuration.read(
            text: RunTests.text, source: "test", overrides: Self.watched + overrides)
        let run = try TrainingRun(
            configuration, directory: folder.path, resume: .auto, communicator: communicator,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            robustness: .init { _, _, _ in .init(cleanAccuracy: 0.5, robustAccuracy: 0.25) })
        try run.run()
        return run
    }

    func epochs(_ folder: RunTests.Folder) throws -> [[JSONValue.Member]] {
        let text = FileManager.default.contents(atPath: folder.path + "/metrics.jsonl") ?? Data()
        return try String(decoding: text, as: UTF8.self).split(separator: "\n")
            .filter { $0.contains("\"kind\":\"epoch\"") }
            .map { try JSONValue.parse(String($0), source: "metrics").members?.filter { !$0.key.hasSuffix("seconds") } ?? [] }
    }

    @Test(arguments: ["pag", "vanilla"]) func alignmentIsMeasuredOnHeldOutImages(_ kind: String) throws {
        let folder = RunTests.Folder(), together = RunTests.Folder()
        let run = try watchedRun(folder, ["loss.kind=\(kind)"])
        let logged = try epochs(folder)
        #expect(logged.count == 2)
        _ = try ThreadCommunicator.run(ranks: 3) { _ = try watchedRun(together, ["loss.kind=\(kind)"], on: $0) }
        #expect(try epochs(together) == logged)

        // What the objective itself says of these images, on the average that is evaluated.
        let images = run.data.validation, size = images.shape.count, pool = MemoryPool()
        let pixels = Tensor([7, 8, 8, 1], in: pool) { for i in 0..<7 { images.read(i, into: $0 + i * size) } }
        let targets = try #require(try run.unseenTargets())
        let gradients = Tensor([10, 7, 8, 8, 1], in: pool) { out in
            for row in 0..<70 {
                targets.write(pixels: pixels.pointer + row % 7 * size, target: row / 7, into: out + row * size)
            }
        }
        let state = run.network.state
        state.parameters.pointer.update(from: run.network.parameters.pointer, count: state.parameters.count)
        let (result, _) = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .eval)).evaluate(
            LabelledImages(
                images: pixels, labels: (0..<7).map { images.label($0) }, targets: gradients,
                classes: (0..<10).map { Array(repeating: $0, count: 7) }), state, batch: 7)
        func number(_ key: String) -> Double { logged[1].first { $0.key == key }?.value.doubleValue ?? .nan }
        #expect(abs(number("cosine") - result.figures[.cosine].sum / 70) < 1e-5)
        #expect(number("cosine_perturbed") != number("cosine"))
        let classes = logged[1].first { $0.key == "cosine_per_class" }?.value.members ?? []
        #expect(classes.map(\.key) == images.classNames)
        #expect(abs(classes.reduce(0) { $0 + ($1.value.doubleValue ?? .nan) } / 10 - number("cosine")) < 1e-9)
    }
}
