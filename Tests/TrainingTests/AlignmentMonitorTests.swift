import Autodiff
import Checkpoints
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
            .map {
                try JSONValue.parse(String($0), source: "metrics").members?.filter { !$0.key.hasSuffix("seconds") }
                    ?? []
            }
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
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .eval)
        ).evaluate(
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

    /// Closed forms of a linear network and one step of the attack.
    @Test func sizeAndLinearityOfTheLossAreMeasuredOnTheWayToTheAttackedImage() throws {
        let folder = RunTests.Folder()
        let run = try watchedRun(
            folder,
            [
                "model={kind: mlp, hidden: []}", "loss.kind=vanilla", "monitor.steps=1", "monitor.epsilon=0.3",
                "train.optimizer.lr=0.1",
            ])
        let state = run.network.state, normalisation = state.model.normalisation
        let tensors: [[Double]] = state.tensors(of: run.network.parameters).map { $0.array.map { Double($0) } }
        let (weight, bias) = (tensors[0], tensors[1])
        let images = run.data.validation, size = images.shape.count
        func crossEntropy(_ image: [Double], _ label: Int) -> (value: Double, gradient: [Double]) {
            let deviation = Double(normalisation.deviation[0])
            let shown: [Double] = image.map { ($0 - Double(normalisation.mean[0])) / deviation }
            let logits: [Double] = (0..<10).map { k in
                shown.indices.reduce(bias[k]) { $0 + weight[k * size + $1] * shown[$1] }
            }
            let sum: Double = logits.reduce(0) { $0 + exp($1) }
            let slopes: [Double] = logits.enumerated().map { exp($1) / sum - ($0 == label ? 1 : 0) }
            let gradient: [Double] = (0..<size).map { j in
                slopes.indices.reduce(0) { $0 + slopes[$1] * weight[$1 * size + j] } / deviation
            }
            return (log(sum) - logits[label], gradient)
        }
        var norms = 0.0, gaps = 0.0
        for index in 0..<7 {
            var pixels = [Scalar](repeating: 0, count: size)
            images.read(index, into: &pixels)
            let image = pixels.map { Double($0) }, clean = crossEntropy(image, images.label(index))
            let norm = clean.gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let attacked = zip(image, clean.gradient).map { min(1, max(0, $0 + 0.3 * $1 / norm)) }
            let slope = (0..<size).reduce(0) { $0 + clean.gradient[$1] * (attacked[$1] - image[$1]) }
            norms += norm / 7
            gaps += abs(crossEntropy(attacked, images.label(index)).value - clean.value - slope) / 7
        }
        let logged = try epochs(folder)[1]
        func number(_ key: String) -> Double { logged.first { $0.key == key }?.value.doubleValue ?? .nan }
        #expect(norms > 0.1 && gaps > 1e-3)
        #expect(abs(number("loss_gradient_norm") - norms) < 1e-4 * norms)
        #expect(abs(number("linearity_gap") - gaps) < 1e-2 * gaps)
    }

    /// One yardstick for all networks: whatever they were trained with, the cosines with a file's targets.
    @Test func theYardstickMeasuresWithTheTargetsOfHeldOutImagesInAFile() throws {
        let folder = RunTests.Folder()
        let run = try watchedRun(folder, ["loss.kind=vanilla", "data.seed=3"])
        let images = run.data.validation, count = images.base.count, size = images.shape.count
        let path = folder.path + "/targets.safetensors"
        func target(_ image: Int, _ label: Int, _ pixel: Int) -> Float {
            sin(Float(image * 31 + label * 7 + pixel * pixel))
        }
        var all: [Float] = []
        for image in 0..<count {
            for label in 0..<10 { for pixel in 0..<size { all.append(target(image, label, pixel)) } }
        }
        try SafetensorsWriter.write(
            to: path, tensors: [TensorToWrite(name: "targets", shape: [count, 10, 1, 8, 8], values: all)])
        let checkpoint = folder.checkpoint(6)
        @Sendable func measure(_ communicator: any Communicator) throws -> HeldOutReport {
            let file = try SafetensorsFile(path: checkpoint), pool = MemoryPool()
            var targets = TargetFile()
            targets.path = path
            let yardstick = try AlignmentYardstick(
                try Configuration.read(text: file.metadata["config"] ?? "", source: "test"), targets: targets,
                samples: 5,
                norm: .l2, epsilon: PixelDistance(0.2), in: pool, communicator)
            return try yardstick(
                ParameterFiles.network(try ModelDescription(from: file), from: file, .evaluated, in: pool))
        }
        let found = try measure(SingleProcess())
        let state = run.network.state, pool = MemoryPool()
        state.parameters.pointer.update(from: run.network.parameters.pointer, count: state.parameters.count)
        let pixels = Tensor([5, 8, 8, 1], in: pool) { for i in 0..<5 { images.read(i, into: $0 + i * size) } }
        let targets = Tensor([10, 5, 8, 8, 1], in: pool) { out in
            for row in 0..<50 {
                for pixel in 0..<size {
                    out[row * size + pixel] = Scalar(target(images.indices[row % 5], row / 5, pixel))
                }
            }
        }
        let (result, _) = ClassificationObjective(
            AlignedGradients(), with: AlignmentTerm(weight: 1, gradient: .logprob, statistics: .eval)
        ).evaluate(
            LabelledImages(
                images: pixels, labels: (0..<5).map { images.label($0) }, targets: targets,
                classes: (0..<10).map { Array(repeating: $0, count: 5) }), state, batch: 5)
        let cosine = try #require(found[.heldOutCosine])
        #expect(abs(cosine - result.figures[.cosine].sum / 50) < 1e-5)
        #expect(found[.heldOutPerturbedCosine] != cosine)
        let together = try ThreadCommunicator.run(ranks: 2) { try measure($0)[.heldOutCosine] }
        #expect(together == [cosine, cosine])
    }
}
