import Autodiff
import Kernels

/// Batch normalisation of images [B, H, W, C] over B, H and W (Ioffe and Szegedy 2015), as PyTorch's `nn.BatchNorm2d`.
///
/// The statistics pass through a gate, so a differentiation pass can say what they are in it; see `BatchStatistics`.
public struct BatchNorm2d: AffineNormalisation {
    /// Added to variances.
    public static let epsilon: Scalar = 1e-5
    /// Share of a step's statistics in the running ones.
    public static let momentum: Scalar = 0.1

    let weight: ParameterSlot
    let bias: ParameterSlot
    let running: StatisticsSlot

    /// Declares `weight`, `bias` and running statistics of `channels` numbers each.
    public init(_ channels: Int, in builder: inout ModelBuilder) {
        weight = builder.parameter("weight", [channels], .constant(1))
        bias = builder.parameter("bias", [channels], .constant(0))
        running = builder.runningStatistics(channels: channels)
    }

    func affine(_ x: Tensor, _ context: inout ForwardContext) -> (scale: Tensor, shift: Tensor) {
        normalisation(context).affine(x, &context)
    }

    /// By the running statistics, for any images.
    func inferenceAffine(_ context: ForwardContext) -> (scale: Tensor, shift: Tensor) {
        normalisation(context).inferenceAffine(context)
    }

    private func normalisation(_ context: ForwardContext) -> BatchNormalisation {
        BatchNormalisation(weight: context[weight], bias: context[bias], running: running, epsilon: Self.epsilon)
    }
}
