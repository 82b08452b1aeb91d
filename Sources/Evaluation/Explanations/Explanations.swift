import Autodiff
import Data
import Distributed
import Failures
import Formats
import Kernels
import Models
import Perturbations

/// What a classifier's decisions on the first images of a data set depend on: attributions by several methods, and what
/// images become when they are moved far toward each class.
public struct Explanations: Sendable {
    /// What is to be explained, and how.
    public struct Settings: Sendable {
        public var methods = explanationMethods
        /// What the gradients are of.
        public var function = GradientPictures.Function.logit
        /// The class that is explained; nil: the one that the model sees.
        public var target: Int?
        /// Nil: images are not moved.
        public var perturbations: TargetedPerturbations.Settings?
        public var seed: UInt64 = 0
        public init() {}
    }

    public let settings: Settings
    /// Of one image.
    public let shape: ImageShape
    public let classes: Int
    /// The right classes; as many as images.
    public let labels: [Int]
    /// What the model sees; nil where it gives no class.
    public let predictions: [Int?]
    /// The classes that are explained.
    public let targets: [Int]
    /// [N, H, W, C]
    public let images: [Scalar]
    /// By method, [N, H, W, C].
    public let attributions: [[Scalar]]
    /// [N, classes, H, W, C]; empty where images were not moved.
    public let perturbed: [Scalar]
    /// [N, classes]: the probability of the class that an image was moved toward.
    public let probabilities: [Scalar]
    private let metadata: [String: String]

    /// The same on every rank, for any number of ranks. Collective; throws `badInput` where the classifier is for other
    /// images.
    public init(
        _ classifier: Classifier, of dataset: any Dataset, samples: Int, _ settings: Settings,
        over communicator: any Communicator
    ) throws {
        try classifier.requireFit(dataset)
        if let target = settings.target, !(0..<classifier.classes).contains(target) {
            throw Failure(.usage, "class \(target), expected 0 to \(classifier.classes - 1)")
        }
        let count = min(samples, dataset.count), own = communicator.share(of: count), pool = MemoryPool()
        var images: [Scalar] = [], targets: [Int] = [], predictions: [Int] = []
        var attributions = settings.methods.map { _ in [Scalar]() }, perturbed: [Scalar] = [], found: [Scalar] = []
        let progress = { communicator.heartbeat.beat() }
        for index in own {
            communicator.heartbeat.beat("explanations", step: index)
            let image = dataset.tensor(of: [index], in: pool)
            let prediction = classifier.predictions(image)[0]
            let target = settings.target ?? prediction ?? 0
            let subject = ExplanationSubject(
                classifier: classifier, function: settings.function, image: image, target: target, index: index,
                seed: settings.seed, progress: progress)
            images += image.array
            targets.append(target)
            predictions.append(prediction ?? -1)
            for (place, method) in settings.methods.enumerated() {
                attributions[place] += method.attributions(subject)
            }
            if let settings = settings.perturbations {
                let moved = TargetedPerturbations(
                    classifier, of: dataset, indices: [index], settings, onStep: progress)
                perturbed += moved.perturbed
                found += moved.targetProbabilities
            }
        }
        self.settings = settings
        shape = dataset.shape
        classes = classifier.classes
        labels = (0..<count).map { dataset.label($0) }
        self.images = try communicator.allGatherElements(images)
        self.targets = try communicator.allGatherElements(targets)
        self.predictions = try communicator.allGatherElements(predictions).map { $0 < 0 ? nil : $0 }
        self.attributions = try attributions.map { try communicator.allGatherElements($0) }
        self.perturbed = try communicator.allGatherElements(perturbed)
        probabilities = try communicator.allGatherElements(found)
        metadata = [
            "contents": Self.contents, "dataset": dataset.name, "fingerprint": dataset.fingerprint,
            "classes": JSONValue(dataset.classNames).text(), "function": settings.function.rawValue,
            "seed": "\(settings.seed)", "version": ProgramVersion.text,
        ]
    }

    /// What the metadata of such files call them.
    public static let contents = "explanations"

    /// A safetensors file with the images `x`, F32 [N, C, H, W], `y`, `predictions` (-1: none) and `targets`, I64 [N], a
    /// tensor like `x` for each method, its name with _ for -, and where images were moved `perturbed`, F32
    /// [N, classes, C, H, W], and `probabilities`, F32 [N, classes].
    /// - Parameter model: what the file calls the classifier.
    public func write(to path: String, model: String) throws {
        let count = labels.count, image = [shape.channels, shape.height, shape.width]
        func integers(_ name: String, _ values: [Int]) -> TensorToWrite {
            TensorToWrite(name: name, shape: [count], values: values.map { Int64($0) })
        }
        var tensors = [
            TensorToWrite(name: "x", shape: [count] + image, values: channelsFirst(images)),
            integers("y", labels), integers("predictions", predictions.map { $0 ?? -1 }), integers("targets", targets),
        ]
        for (method, values) in zip(settings.methods, attributions) {
            let name = method.name.map { $0 == "-" ? "_" : String($0) }.joined()
            tensors.append(TensorToWrite(name: name, shape: [count] + image, values: channelsFirst(values)))
        }
        if settings.perturbations != nil {
            tensors.append(
                TensorToWrite(
                    name: "perturbed", shape: [count, classes] + image, values: channelsFirst(perturbed)))
            tensors.append(
                TensorToWrite(
                    name: "probabilities", shape: [count, classes], values: probabilities.map { Float($0) }))
        }
        try SafetensorsWriter.write(
            to: path, metadata: metadata.merging(["model": model]) { own, _ in own }, tensors: tensors)
    }

    private func channelsFirst(_ images: [Scalar]) -> [Float] {
        var values = [Float](repeating: 0, count: images.count)
        for start in stride(from: 0, to: images.count, by: shape.count) {
            PixelLayout.planes.forEach(shape) { place, stored in values[start + stored] = Float(images[start + place]) }
        }
        return values
    }
}
