import Autodiff
import Kernels

/// What a batch normalisation does with its numbers: scale and shift of every channel over all the others axes.
public struct BatchNormalisation {
    /// [channels]
    let weight, bias: Tensor
    let running: StatisticsSlot
    /// Added to variances.
    let epsilon: Scalar

    /// `weight` and `bias` hold one number a channel.
    public init(weight: Tensor, bias: Tensor, running: StatisticsSlot, epsilon: Scalar) {
        self.weight = weight
        self.bias = bias
        self.running = running
        self.epsilon = epsilon
    }

    /// Of images [B, H, W, C], or of [B, C].
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let images =
            x.shape.rank == 4 ? x : x.reshaped([x.shape[0], x.shape.dropFirst().count / x.shape[-1], 1, x.shape[-1]])
        let (scale, shift) = affine(images, &context)
        return images.activatedAffine(.identity, scale: scale, shift: shift).reshaped(x.shape)
    }

    /// Of images [B, H, W, C]: by their own statistics in training, which the context is told, else by the running ones.
    func affine(_ x: Tensor, _ context: inout ForwardContext) -> (scale: Tensor, shift: Tensor) {
        if context.mode == .inference { return inferenceAffine(context) }
        let channels = x.shape[-1], count = x.shape.count / channels
        let mean = x.mean(-4, -3, -2)
        let variance = x.variance(around: mean, axes: [-4, -3, -2])
        let unbiased = variance.detached * (Scalar(count) / Scalar(max(1, count - 1)))
        context.record(
            .init(mean: mean.detached.reshaped([channels]), variance: unbiased.reshaped([channels])), running)
        return affine(
            mean: mean.gatedStatistics().reshaped([channels]), variance: variance.gatedStatistics().reshaped([channels])
        )
    }

    /// By the running statistics.
    func inferenceAffine(_ context: ForwardContext) -> (scale: Tensor, shift: Tensor) {
        affine(mean: context.running(running).mean, variance: context.running(running).variance)
    }

    private func affine(mean: Tensor, variance: Tensor) -> (scale: Tensor, shift: Tensor) {
        let scale = weight * variance.reciprocalSquareRoot(epsilon: epsilon)
        return (scale, bias - mean * scale)
    }
}
