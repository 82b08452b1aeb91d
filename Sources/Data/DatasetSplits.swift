import Kernels

/// What a data SPEC stands for: training and test images of the same shape, classes and range.
public struct DatasetSplits: Sendable {
    public let train: any Dataset
    public let test: any Dataset
    /// Mean of each channel of the training images, before normalisation. A constant of the dataset, not recomputed, so
    /// that a model's input normalisation does not depend on which files are there.
    public let mean: [Double]
    /// Standard deviation of each channel, over all pixels of all training images.
    public let deviation: [Double]
    /// What the elements of all images lie in; nil: nothing confines them.
    public var range: ClosedRange<Scalar>? { train.range }
    /// What the user ought to know, a line each, such as training files that are not there.
    public let notices: [String]

    public init(
        train: any Dataset, test: any Dataset, mean: [Double], deviation: [Double], notices: [String] = []
    ) {
        precondition(train.shape == test.shape, "DatasetSplits: \(train.shape) and \(test.shape)")
        precondition(train.classNames == test.classNames, "DatasetSplits: classes of \(train.name) and \(test.name)")
        precondition(train.range == test.range, "DatasetSplits: ranges of \(train.name) and \(test.name)")
        precondition(
            mean.count == train.shape.channels && deviation.count == train.shape.channels,
            "DatasetSplits: \(mean.count) means, \(deviation.count) deviations, shape \(train.shape)")
        self.train = train
        self.test = test
        self.mean = mean
        self.deviation = deviation
        self.notices = notices
    }
}
