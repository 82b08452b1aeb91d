import Autodiff
import Kernels

/// Attention of tokens [..., n, width] to each other, in several heads (Vaswani et al. 2017). Scores are divided by the
/// root of the whole width, as in the reference networks, not of a head's.
public struct SelfAttention: Layer {
    let query, key, value, output: Linear
    let heads: Int

    /// Declares four linear layers `q`, `k`, `v` and `o`; `heads` has to divide `width`.
    public init(_ width: Int, heads: Int, in builder: inout ModelBuilder) {
        precondition(width % heads == 0, "SelfAttention: \(heads) heads for width \(width)")
        query = builder.scope("q") { Linear(width, width, in: &$0) }
        key = builder.scope("k") { Linear(width, width, in: &$0) }
        value = builder.scope("v") { Linear(width, width, in: &$0) }
        output = builder.scope("o") { Linear(width, width, in: &$0) }
        self.heads = heads
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor { self(x, to: x, &context) }

    /// The attention of tokens [..., m, width] to others, [..., n, width].
    public func callAsFunction(_ x: Tensor, to others: Tensor, _ context: inout ForwardContext) -> Tensor {
        let width = x.shape[-1]
        func split(_ t: Tensor) -> Tensor { t.reshaped(t.shape.prefix(t.shape.rank - 1) + [heads, width / heads]) }
        let scores = split(query(x, &context)).headScores(split(key(others, &context)))
        let weights = scores.softmax(scale: 1 / Scalar(width).squareRoot())
        return output(weights.headMixture(split(value(others, &context))).reshaped(x.shape), &context)
    }
}
