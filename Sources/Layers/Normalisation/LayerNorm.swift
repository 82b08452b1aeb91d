import Autodiff
import Kernels

/// Normalisation over the last axis (Ba, Kiros, Hinton 2016), as PyTorch's `nn.LayerNorm`.
public struct LayerNorm: NormalisationLayer {
    /// Added to variances.
    public static let epsilon: Scalar = 1e-5

    let weight: ParameterSlot
    let bias: ParameterSlot

    /// Declares `weight` and `bias` of `channels` numbers each.
    public init(_ channels: Int, in builder: inout ModelBuilder) {
        weight = builder.parameter("weight", [channels], .constant(1))
        bias = builder.parameter("bias", [channels], .constant(0))
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        normalised(x) * context[weight] + context[bias]
    }

    private func normalised(_ x: Tensor) -> Tensor {
        // Of tokens in one pass; of images as the networks that were trained with it had it, to the bit.
        if x.shape.rank < 4 { return x.normalisedRows(epsilon: Self.epsilon) }
        let centred = x - x.mean(-1)
        let scale = (centred.productSum(centred, axes: [-1]) * (1 / Scalar(x.shape[-1]))).reciprocalSquareRoot(
            epsilon: Self.epsilon)
        return centred * scale
    }
}
