import Autodiff
import Data
import Kernels
import Models

/// The input gradient of every class for some images: what perceptually aligned gradients are looked at in.
public struct GradientPictures: Sendable {
    /// Which function of the logits the gradients are of.
    public enum Function: String, Sendable, CaseIterable {
        case logit, logprob
    }

    /// What the gradients are of.
    public let function: Function
    /// The images' places in the data set.
    public let indices: [Int]
    /// [B], the right classes.
    public let labels: [Int]
    /// Nil where the model gives no class.
    public let predictions: [Int?]
    /// Of one image.
    public let shape: ImageShape
    /// What the model tells apart.
    public let classes: Int
    /// [B, H, W, C]
    public let images: [Scalar]
    /// [classes, B, H, W, C]
    public let gradients: [Scalar]

    /// Of the images `indices` of a data set that fits the model.
    public init(_ classifier: Classifier, of dataset: any Dataset, indices: [Int], function: Function) {
        let pool = MemoryPool()
        let size = dataset.shape.count, classes = classifier.classes
        var images = [Scalar](repeating: 0, count: indices.count * size)
        var gradients = [Scalar](repeating: 0, count: classes * indices.count * size)
        var predictions: [Int?] = []
        // Image by image: with many classes, the gradients of one take as much memory as a batch of images.
        for (place, index) in indices.enumerated() {
            let image = dataset.tensor(of: [index], in: pool)
            let pass = classifier.inputGradient(of: image) { Self.cotangents(function, $0) }
            images.replaceSubrange(place * size..<(place + 1) * size, with: image.array)
            for (number, gradient) in pass.gradient.array.chunks(of: size).enumerated() {
                let start = (number * indices.count + place) * size
                gradients.replaceSubrange(start..<start + size, with: gradient)
            }
            predictions += Classifier.predictions(fromLogits: pass.logits)
        }
        self.function = function
        self.indices = indices
        labels = indices.map { dataset.label($0) }
        self.predictions = predictions
        shape = dataset.shape
        self.classes = classes
        self.images = images
        self.gradients = gradients
    }

    /// [classes, 1, classes]: row t is e_t for a logit, e_t - p for a log-probability.
    private static func cotangents(_ function: Function, _ logits: Tensor) -> Tensor {
        let classes = logits.shape[-1]
        let probabilities = logits.logSoftmax().exponential().array
        return Tensor([classes, 1, classes], in: logits.pool) { out in
            for t in 0..<classes {
                for i in 0..<classes {
                    out[t * classes + i] = (i == t ? 1 : 0) - (function == .logprob ? probabilities[i] : 0)
                }
            }
        }
    }
}

extension Array {
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
