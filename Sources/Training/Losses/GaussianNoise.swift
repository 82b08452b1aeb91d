import Autodiff
import Configuration

/// -log p_y of the image with normal noise, which is not brought back into the range of pixels: what a classifier must
/// have been trained with to have certificates by randomised smoothing (Cohen, Rosenfeld, Kolter 2019).
public struct GaussianNoise: NoisyCopiesLoss {
    /// Deviation of the noise on every value, in units of images in [0, 1].
    public var sigma = 0.25

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("sigma", &sigma, check: .positive)
    }

    public var title: String { "cross-entropy of noisy images (deviation \(sigma))" }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .perturbedAccuracy] }

    public func copies(_ passes: ShardPasses) -> [Tensor] { [noisy(passes.shard)] }

    public func callAsFunction(_ passes: inout ShardPasses, copies: [Tensor]) -> Tensor {
        passes.crossEntropy(ofCopies: copies).loss
    }

    /// The shard's images with their noise, [B, H, W, C]: other noise in every epoch.
    public func noisy(_ shard: LabelledImages) -> Tensor {
        NormalNoise(shard, deviation: sigma, draws: 1).added(to: shard.images, draw: 0)
    }
}
