import Failures
import Kernels

/// What a data SPEC stands for: training and test images of the same shape, classes and range.
public struct DatasetSplits: Sendable {
    /// What a run divides into images that it trains on and images that it holds out.
    public let train: any Dataset
    /// What evaluations are made on, and nothing else.
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
    /// The same at another size, unless they are of that size.
    func resized(to size: ImageSize?, _ place: String, progress: () -> Void) throws -> DatasetSplits {
        guard let size, size != ImageSize(height: train.shape.height, width: train.shape.width) else { return self }
        guard let train = train as? ByteImages, let test = test as? ByteImages else {
            throw Failure.badInput(
                "data.resize", "\(place) does not hold images of bytes", expected: "null, or images resized beforehand")
        }
        return DatasetSplits(
            train: try train.resized(to: size, progress: progress),
            test: try test.resized(to: size, progress: progress),
            mean: mean, deviation: deviation, notices: notices)
    }

    /// Those of some classes alone, which are numbered anew. Mean and deviation stay those of all.
    func taking(classes: [String]) throws -> DatasetSplits {
        let numbers = try SelectedClasses.numbers(of: classes, among: train.classNames)
        let parts = [train, test].map { SelectedClasses($0, classes: numbers) }
        for part in parts where part.count == 0 { throw Failure.badInput(part.name, "no images of these classes") }
        return DatasetSplits(train: parts[0], test: parts[1], mean: mean, deviation: deviation, notices: notices)
    }
}
