import Autodiff
import Kernels

/// Normalisation of every image over groups of neighbouring channels (Wu and He 2018), as PyTorch's `nn.GroupNorm`.
public struct GroupNorm: Layer {
    public static let epsilon: Scalar = 1e-5

    let weight: ParameterSlot
    let bias: ParameterSlot
    let groups: Int

    /// As many groups as divide the channels, up to eight.
    public init(_ channels: Int, in builder: inout ModelBuilder) {
        groups = (1...min(8, channels)).last { channels % $0 == 0 } ?? 1
        weight = builder.parameter("weight", [channels], .constant(1))
        bias = builder.parameter("bias", [channels], .constant(0))
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let channels = x.shape[-1]
        let grouped = x.reshaped(x.shape.prefix(x.shape.rank - 1) + [groups, channels / groups])
        let centred = grouped - grouped.mean(-4, -3, -1)
        let scale = (centred * centred).mean(-4, -3, -1).reciprocalSquareRoot(epsilon: Self.epsilon)
        return (centred * scale).reshaped(x.shape) * context[weight] + context[bias]
    }
}
