import Autodiff
import Data
import Distributed
import Formats
import Kernels
import Tracing

/// Times reading, cropping and flipping of training images: what has to be faster than the step that waits for it.
public struct LoadingBenchmark: Sendable {
    /// A data SPEC.
    public var dataset = "digits"
    /// Images of a step, over all ranks.
    public var batch = 64
    /// What is done to each image.
    public var augmentation = Augmentation(crop: 4, flip: true)

    public init() {}

    /// One line for all ranks, each of which loads its share of every batch. Collective.
    public func run(over communicator: any Communicator, seconds: Double) throws -> JSONValue {
        let figures = try RunFigures(communicator)
        let opening = monotonicSeconds()
        let data = try DatasetRegistry.open(dataset).train
        let opened = monotonicSeconds() - opening
        let batch = min(batch, data.count), shape = data.shape
        let loader = BatchLoader(dataset: data, seed: 1, augmentation: augmentation)
        let images = Storage(count: batch * shape.count, in: MemoryPool())
        let share = communicator.share(of: batch)
        var labels: [Int] = [], placements: [Placement] = [], epoch = 0, next = 0
        var batches = EpochOrder(seed: 1, epoch: 0, count: data.count).batches(batchSize: batch)

        // Rounds of many batches, as one may take less time than it takes to start all ranks together.
        let batchesPerRound = max(1, 4096 / batch)
        let times = try timed(over: communicator, seconds: seconds) {
            for _ in 0..<batchesPerRound {
                if next == batches.count {
                    (next, epoch) = (0, epoch + 1)
                    batches = EpochOrder(seed: 1, epoch: epoch, count: data.count).batches(batchSize: batch)
                }
                let indices = batches[next].dropFirst(share.lowerBound).prefix(share.count)
                loader.load(
                    indices: indices, epoch: epoch, into: images.pointer, labels: &labels, placements: &placements)
                next += 1
            }
        }
        let slowest = try communicator.allGatherValue(times.median).max() ?? times.median
        let rate = Double(batchesPerRound * batch) / slowest
        let imageBytes = shape.count * MemoryLayout<Scalar>.stride
        return line(
            "data",
            [
                .init("dataset", JSONValue(data.name)), .init("images", JSONValue(data.count)),
                .init("input", JSONValue([shape.height, shape.width, shape.channels])),
                .init("batch", JSONValue(batch)),
                .init("crop", JSONValue(augmentation.crop)), .init("flip", JSONValue(augmentation.flip)),
                .init("seconds_opening", figure(opened)), .init("batches", JSONValue(batchesPerRound)),
            ], times.members,
            [
                .init("images_per_s", figure(rate)), .init("gbytes_per_s", figure(rate * Double(imageBytes) * 1e-9)),
            ], try figures.members(communicator))
    }
}
