import Configuration
import Data
import Failures

/// The images of a run: what is trained on and what is held out to watch it.
public struct TrainingData: Sendable {
    /// The whole data set, its test split too.
    public let splits: DatasetSplits
    /// What is trained on.
    public let train: Subset
    /// Never trained on and not the test split: models may be chosen by it. Empty without a monitor.
    public let validation: Subset

    /// Opens the data set and divides its training split, in the epoch-independent order: the first `limit` images are
    /// trained on, the last ones are held out. Throws `badInput` for damaged data and for fewer images than a batch.
    /// - Parameters:
    ///   - seed: of the order, where the data section has none.
    ///   - batch: the images of a step, of which there must be one.
    ///   - isWatched: whether there is a monitor.
    ///   - progress: called now and then.
    public init(
        _ data: DataConfiguration, seed: UInt64, batch: Int, isWatched: Bool, progress: () -> Void = {}
    ) throws {
        let seed = data.seed ?? seed
        splits = try DatasetRegistry.open(data.selection, seed: seed, progress: progress)
        let order = EpochOrder.fixedOrder(seed: seed, count: splits.train.count)
        let wanted = min(data.limit ?? order.count, order.count)
        let heldOut = min(data.validation ?? (isWatched ? min(1000, wanted / 10) : 0), order.count)
        let used = order.prefix(min(wanted, order.count - heldOut))
        guard used.count >= batch else {
            throw Failure(
                .badInput,
                "data: \(used.count) images to train on, with \(heldOut) of \(order.count) held out, are fewer than one "
                    + "batch of \(batch); lower train.batch or data.validation, or raise data.limit")
        }
        train = Subset(splits.train, indices: Array(used))
        validation = Subset(splits.train, indices: Array(order.suffix(heldOut)))
    }

    /// Whole batches: what is left over waits for another epoch's order.
    public func stepsPerEpoch(batch: Int) -> Int { train.count / batch }
}
