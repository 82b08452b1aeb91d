import Autodiff
import Data
import Distributed
import Failures
import Formats
import Kernels
import Models

/// What a classifier says of the first images of a data set, in the data's order.
public struct Predictions: Sendable {
    /// [images, classes], row by row.
    public let logits: [Float]
    /// The right classes.
    public let labels: [Int]
    /// How many images are classified as their labels say.
    public let correct: Int
    /// What `write` says of the data.
    private let metadata: [String: String]

    /// The same on every rank, for any number of ranks and any batch. Collective; throws `badInput` where the classifier
    /// is for other images.
    /// - Parameters:
    ///   - samples: the first so many images; nil for all.
    ///   - batch: images that go through the network at once.
    public init(
        _ classifier: Classifier, of dataset: any Dataset, samples: Int? = nil, batch: Int = 32,
        over communicator: any Communicator
    ) throws {
        try classifier.requireFit(dataset)
        let count = min(samples ?? dataset.count, dataset.count), own = communicator.share(of: count)
        let pool = MemoryPool()
        var found: [Float] = [], correct = 0
        for start in stride(from: own.lowerBound, to: own.upperBound, by: batch) {
            communicator.heartbeat.beat("predictions", step: start)
            let images = Array(start..<min(own.upperBound, start + batch))
            let logits = classifier.logits(dataset.tensor(of: images, in: pool))
            correct += zip(Classifier.predictions(fromLogits: logits), images).count { $0 == dataset.label($1) }
            found += logits.array.map { Float($0) }
        }
        logits = try communicator.allGatherElements(found)
        labels = (0..<count).map { dataset.label($0) }
        self.correct = try communicator.allGatherValue(correct).reduce(0, +)
        metadata = [
            "contents": Self.contents, "dataset": dataset.name, "fingerprint": dataset.fingerprint,
            "classes": JSONValue(dataset.classNames).text(), "version": ProgramVersion.text,
        ]
    }

    /// What the metadata of such files call them.
    public static let contents = "predictions"

    /// A safetensors file with `logits`, F32 [images, classes], and the labels `y`, I64 [images].
    /// - Parameter model: what the file calls the classifier.
    public func write(to path: String, model: String) throws {
        let classes = labels.isEmpty ? 0 : logits.count / labels.count
        try SafetensorsWriter.write(
            to: path, metadata: metadata.merging(["model": model]) { own, _ in own },
            tensors: [
                TensorToWrite(name: "logits", shape: [labels.count, classes], values: logits),
                TensorToWrite(name: "y", shape: [labels.count], values: labels.map { Int64($0) }),
            ])
    }
}
