import Configuration
import Data
import Failures

/// The images of a run: what is trained on and what is held out to watch it.
public struct TrainingData: Sendable {
    public let splits: DatasetSplits
    public let train: Subset
    /// Never trained on and not the test split: models may be chosen by it. Empty without a monitor.
    public let validation: Subset

    /// Opens the data set and divides its training split, in the epoch-independent order: the first `limit` images are
    /// trained on, the last ones are held out. Throws `badInput` for damaged data and for fewer images than a batch.
    /// `progress` is called now and then.
    public init(_ configuration: RunConfiguration, progress: () -> Void = {}) throws {
        let data = configuration.data
        splits = try DatasetRegistry.open(data.selection, seed: configuration.dataSeed, progress: progress)
        let order = EpochOrder.fixedOrder(seed: configuration.dataSeed, count: splits.train.count)
        let wanted = min(data.limit ?? order.count, order.count)
        let isWatched = configuration.monitor.everyEpochs > 0
        let heldOut = min(data.validation ?? (isWatched ? min(1000, wanted / 10) : 0), order.count)
        let used = order.prefix(min(wanted, order.count - heldOut))
        guard used.count >= configuration.train.batch else {
            throw Failure(
                .badInput,
                "data: \(used.count) images to train on, with \(heldOut) of \(order.count) held out, are fewer than one "
                    + "batch of \(configuration.train.batch); lower train.batch or data.validation, or raise data.limit")
        }
        train = Subset(splits.train, indices: Array(used))
        validation = Subset(splits.train, indices: Array(order.suffix(heldOut)))
    }

    public func stepsPerEpoch(batch: Int) -> Int { train.count / batch }
}
