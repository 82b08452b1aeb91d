import Autodiff
import Configuration
import Data
import Distributed
import Failures
import Foundation
import Kernels
import Models
import Targets
import Testing
import Training

/// One row of choices, carried out.
struct Combination {
    static let classifier = """
        data: {dataset: digits, limit: 64, validation: 0}
        train: {epochs: 2, batch: 8, shard: 4}
        """

    let overrides: [String]
    private let folder = RunTests.Folder()

    init(_ overrides: [String]) throws {
        let path = folder.path + ".targets"
        self.overrides = overrides.map { $0.replacingOccurrences(of: Settings.targetFile, with: path) }
        if self.overrides != overrides { try Self.writeTargets(to: path) }
    }

    /// Two steps are taken, and the gradients of the first shard compared between sizes of chunks. What the program
    /// refuses to begin must be refused as a user's mistake.
    func check() throws {
        defer { try? FileManager.default.removeItem(atPath: folder.path + ".targets") }
        let configuration = try configuration()
        let data: TrainingData, model: Model, targets: TargetLoader?
        do {
            data = try configuration.openData()
            let shape = data.train.shape
            model = try configuration.model.model(
                input: [shape.height, shape.width, shape.channels], classes: data.train.classNames.count)
            targets = try loader(configuration, data)
        } catch let failure as Failure {
            #expect([.usage, .badInput].contains(failure.kind), "\(failure)")
            return print("refused: \(failure)")
        }
        let pool = MemoryPool(for: Execution(convolution: configuration.compute.convolution))
        let state = TrainingState(
            initialising: model, configuration.train, seed: configuration.seed, in: pool)
        if let targets { try compareChunks(state.network, data, targets) }
        let step = try TrainingStep(
            configuration, data: data, targets: targets, model: model, communicator: SingleProcess(),
            stop: StopRequest(), pool: pool)
        for number in 0..<2 {
            let report = try step(state)
            #expect(report.isFinite && report.step == number, "loss \(report.loss), norm \(report.gradientNorm)")
            // A small batch of a denoiser has no image at some noise levels.
            guard configuration.task == .classifier else { continue }
            let silent = step.figures.map(\.figure).filter { report.figures[$0].value == nil }
            #expect(silent.isEmpty, "declared, and never said: \(silent.map(\.name))")
        }
        #expect((0..<state.evaluated.count).allSatisfy { state.evaluated.pointer[$0].isFinite })
    }

    private func configuration(_ further: [String] = []) throws -> RunConfiguration {
        try Configuration.read(text: Self.classifier, source: "test", overrides: overrides + further)
    }

    private func loader(_ configuration: RunConfiguration, _ data: TrainingData) throws -> TargetLoader? {
        guard let alignment = configuration.loss.activeAlignment else { return nil }
        let source = try alignment.targets.prepare(
            TargetContext(train: data.train, seed: configuration.seed, work: TargetTests.Alone()))
        let isAll = alignment.classesPerImage == .all
        return TargetLoader(
            source, train: data.train, seed: configuration.seed, classesPerImage: isAll ? .all : .drawn(2))
    }

    private func compareChunks(_ state: ModelState, _ data: TrainingData, _ targets: TargetLoader) throws {
        let shard = shard(data, targets, in: state.parameters.pool)
        func gradients(_ classes: Int?, _ images: Int?, memory: Int) throws -> [Tensor] {
            let configuration = try configuration([
                "compute.classChunk=\(classes.map(String.init) ?? "null")",
                "compute.imageChunk=\(images.map(String.init) ?? "null")", "compute.memory=\(memory)",
            ])
            return configuration.objective(at: 3).evaluate(
                shard, state, batch: 4
            ).gradients
        }
        let whole = try gradients(nil, 4, memory: 1024)
        let largest = whole.flatMap(\.array).reduce(0) { max($0, abs(Double($1))) }
        #expect(largest.isFinite)
        for (classes, images, memory) in [(1, 1, 1024), (2, 2, 1024), (nil, nil, 1024), (nil, nil, 1), (nil, 2, 1)] {
            let difference = zip(whole, try gradients(classes, images, memory: memory)).reduce(0.0) { worst, pair in
                zip(pair.0.array, pair.1.array).reduce(worst) { max($0, abs(Double($1.0) - Double($1.1))) }
            }
            let bound = (Scalar.ulpOfOne > 1e-10 ? 2e-4 : 1e-10) * largest
            #expect(
                difference <= bound,
                "chunks of \(classes ?? 0) classes and \(images ?? 0) images: \(difference) beside \(largest)")
        }
    }

    private func shard(_ data: TrainingData, _ targets: TargetLoader, in pool: MemoryPool) -> LabelledImages {
        let shape = data.train.shape, image: Shape = [shape.height, shape.width, shape.channels]
        let indices = [0, 1, 2, 3][...], classes = targets.classes(of: indices, epoch: 0)
        var labels: [Int] = [], placements: [Placement] = []
        let images = Tensor([indices.count] + image, in: pool) {
            BatchLoader(dataset: data.train, seed: 1).load(
                indices: indices, epoch: 0, into: $0, labels: &labels, placements: &placements)
        }
        let gradients = Tensor([classes.count, indices.count] + image, in: pool) {
            targets.load(indices, classes: classes, placements: placements, into: $0)
        }
        return LabelledImages(images: images, labels: labels, targets: gradients, classes: classes)
    }

    /// Stored targets of all digits.
    private static func writeTargets(to path: String) throws {
        let count = try DatasetRegistry.open("digits").train.count, size = count * 10 * 8 * 8
        let header = """
            {"g": {"dtype": "F16", "shape": [\(count), 10, 1, 8, 8], "data_offsets": [0, \(2 * size)]}}
            """
        var file = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Foundation.Data($0) }
        file += Foundation.Data(header.utf8)
        file += (0..<size).map { Float16(($0 * 7919) % 23 - 11) / 11 }.withUnsafeBytes { Foundation.Data($0) }
        try file.write(to: URL(fileURLWithPath: path))
    }
}
