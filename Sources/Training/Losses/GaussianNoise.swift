import Autodiff
import Configuration
import Kernels

/// -log p_y of the image with normal noise, which is not brought back into the range of pixels: what a classifier must
/// have been trained with to have certificates by randomised smoothing (Cohen, Rosenfeld, Kolter 2019).
public struct GaussianNoise: ClassificationLoss {
    /// Deviation of the noise on every value, in units of images in [0, 1].
    public var sigma = 0.25

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("sigma", &sigma, check: .positive)
    }

    public var title: String { "cross-entropy of noisy images (deviation \(sigma))" }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .perturbedAccuracy] }

    public func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        let outputs = passes.outputs(ofPerturbed: noisy(passes.shard))
        let loss = passes.crossEntropy(outputs)
        passes.figures.add(.crossEntropy, Double(loss.item))
        passes.figures[.accuracy] = passes.figures[.perturbedAccuracy]
        return loss
    }

    /// The shard's images with their noise, [B, H, W, C]: other noise in every epoch.
    public func noisy(_ shard: LabelledImages) -> Tensor {
        let images = shard.images, size = images.shape.dropFirst().count
        return Tensor(images.shape, in: images.pool) { out in
            for row in 0..<images.shape[0] {
                var stream = shard.keys.stream(.trainingNoise, row: row)
                for i in row * size..<(row + 1) * size {
                    out[i] = Scalar(Double(images.pointer[i]) + sigma * stream.normal())
                }
            }
        }
    }
}
