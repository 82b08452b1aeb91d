import Autodiff
import Data
import Kernels
import Models
import Perturbations

/// Images moved towards every class with a large budget: a model with perceptually aligned gradients paints the class
/// (the visual test of Ganz, Kawar, Elad 2023).
public struct TargetedPerturbations: Sendable {
    /// How far, and how, images are moved.
    public struct Settings: Sendable {
        /// The ball and box that they stay in.
        public var threat: ThreatModel
        /// Towards each class.
        public var steps: Int
        /// In units of images in [0, 1].
        public var stepSize: Double

        /// `stepSize` nil: 2.5 epsilon / steps.
        public init(threat: ThreatModel, steps: Int = 100, stepSize: Double? = nil) {
            precondition(steps > 0, "TargetedPerturbations: \(steps) steps")
            self.threat = threat
            self.steps = steps
            self.stepSize = stepSize ?? 2.5 * threat.epsilon / Double(steps)
        }
    }

    /// How the images were moved.
    public let settings: Settings
    /// The images' places in the data set.
    public let indices: [Int]
    /// [B], the right classes.
    public let labels: [Int]
    /// Of one image.
    public let shape: ImageShape
    /// What the model tells apart.
    public let classes: Int
    /// [B, H, W, C]
    public let images: [Scalar]
    /// [classes, B, H, W, C]: the end of PGD on log p_t, for t the label as for any other class.
    public let perturbed: [Scalar]
    /// [classes, B]: p_t of the perturbed image.
    public let targetProbabilities: [Scalar]

    /// Of the images `indices` of a data set that fits the model and the threat's box.
    /// - Parameter onStep: called after each pass through the network, as a sign of life.
    public init(
        _ classifier: Classifier, of dataset: any Dataset, indices: [Int], _ settings: Settings,
        onStep: @escaping () -> Void = {}
    ) {
        let pool = MemoryPool()
        let size = dataset.shape.count, classes = classifier.classes
        let context = AttackContext(classifier: classifier, threat: settings.threat, seed: 0, onStep: onStep)
        let ascent = ProjectedAscent(
            loss: .crossEntropy, steps: settings.steps, stepSize: settings.stepSize, stopsWhenMisclassified: false)
        var images = [Scalar](repeating: 0, count: indices.count * size)
        var perturbed = [Scalar](repeating: 0, count: classes * indices.count * size)
        var probabilities = [Scalar](repeating: 0, count: classes * indices.count)
        let labels = indices.map { dataset.label($0) }
        for (place, index) in indices.enumerated() {
            let image = dataset.tensor(of: [index], in: pool)
            images.replaceSubrange(place * size..<(place + 1) * size, with: image.array)
            for target in 0..<classes {
                let batch = AttackBatch(images: image, labels: [labels[place]], indices: [index])
                let result = ascent(from: image, batch, targets: [target], context)
                let row = target * indices.count + place
                perturbed.replaceSubrange(row * size..<(row + 1) * size, with: result.array)
                probabilities[row] = classifier.logits(result).logSoftmax().exponential().array[target]
            }
        }
        self.settings = settings
        self.indices = indices
        self.labels = labels
        shape = dataset.shape
        self.classes = classes
        self.images = images
        self.perturbed = perturbed
        targetProbabilities = probabilities
    }
}
