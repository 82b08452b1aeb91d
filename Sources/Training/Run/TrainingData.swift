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

    /// Settings that ask for more images than there are.
    public let shortfalls: [Shortfall]

    /// Throws `badInput` for fewer images to train on than a step has, which are `batch`.
    public init(_ splits: DatasetSplits, _ division: ImageDivision, batch: Int) throws {
        self.splits = splits
        let used = division.trainedOn.count, heldOut = division.heldOut.count
        guard used >= batch else {
            throw Failure(
                .badInput,
                "data: \(used) images to train on, with \(heldOut) of \(splits.train.count) held out, are fewer than "
                    + "one batch of \(batch); lower train.batch or data.validation, or raise data.limit")
        }
        train = Subset(splits.train, indices: division.trainedOn)
        validation = Subset(splits.train, indices: division.heldOut)
        shortfalls = division.shortfalls
    }

    /// Whole batches: what is left over waits for another epoch's order.
    public func stepsPerEpoch(batch: Int) -> Int { train.count / batch }
}
