import Configuration
import Data
import Failures

/// The images of a run: what is trained on and what is held out to watch it.
public struct TrainingData: Sendable {
    public let splits: DatasetSplits
    public let train: Subset
    /// Never trained on and not the test split: models may be chosen by it. Empty without a monitor.
    public let validation: Subset

    /// Opens the data set and divides its training split: the first `limit` images of the epoch-independent order,
    /// the last of which are held out. Throws `badInput` for damaged data and for a batch larger than what is left.
    public init(_ configuration: RunConfiguration) throws {
        let data = configuration.data
        splits = try DatasetRegistry.open(data.dataset, seed: configuration.seed)
        let order = EpochOrder.fixedOrder(seed: configuration.seed, count: splits.train.count)
        let used = Array(order.prefix(data.limit ?? order.count))
        let heldOut = configuration.monitor.everyEpochs == 0 && data.validation == nil
            ? 0 : data.validation ?? min(1000, used.count / 10)
        guard used.count - heldOut >= configuration.train.batch else {
            throw Failure(
                .badInput, "data: \(used.count) training images less \(heldOut) held out are fewer than one batch of "
                    + "\(configuration.train.batch); lower train.batch or data.validation, or raise data.limit")
        }
        train = Subset(splits.train, indices: Array(used.dropLast(heldOut)))
        validation = Subset(splits.train, indices: Array(used.suffix(heldOut)))
    }

    public func stepsPerEpoch(batch: Int) -> Int { train.count / batch }
}
