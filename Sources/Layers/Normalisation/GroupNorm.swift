import Autodiff
import Kernels

/// Normalisation of every image over groups of neighbouring channels (Wu and He 2018), as PyTorch's `nn.GroupNorm`.
public struct GroupNorm: AffineNormalisation {
    let weight: ParameterSlot
    let bias: ParameterSlot
    let groups: Int
    let epsilon: Scalar

    /// `groups` has to divide `channels`; nil: the largest number up to eight that does.
    public init(_ channels: Int, groups: Int? = nil, epsilon: Double = 1e-5, in builder: inout ModelBuilder) {
        self.groups = groups ?? (1...min(8, channels)).last { channels % $0 == 0 } ?? 1
        self.epsilon = Scalar(epsilon)
        precondition(channels % self.groups == 0, "GroupNorm: \(self.groups) groups of \(channels) channels")
        weight = builder.parameter("weight", [channels], .constant(1))
        bias = builder.parameter("bias", [channels], .constant(0))
    }

    func affine(_ x: Tensor, _ context: inout ForwardContext) -> (scale: Tensor, shift: Tensor) {
        let channels = x.shape[-1], images = x.shape.prefix(x.shape.rank - 3)
        let grouped = x.reshaped(x.shape.prefix(x.shape.rank - 1) + [groups, channels / groups])
        let mean = grouped.mean(-4, -3, -1)
        let variance = grouped.variance(around: mean, axes: [-4, -3, -1])
        func perChannel(_ statistic: Tensor) -> Tensor {
            statistic.broadcast(to: images + [1, 1, groups, channels / groups]).reshaped(images + [1, 1, channels])
        }
        let scale = context[weight] * perChannel(variance.reciprocalSquareRoot(epsilon: epsilon))
        return (scale, context[bias] - perChannel(mean) * scale)
    }
}
