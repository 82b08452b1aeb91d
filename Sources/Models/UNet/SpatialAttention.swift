import Autodiff
import Kernels
import Layers

/// Attention of an image's pixels to each other, in several heads, with a shortcut: diffusers' `Attention` as its
/// two-dimensional U-Nets use it.
struct SpatialAttention: Layer {
    private let norm: GroupNorm?
    private let query, key, value, output: Linear
    private let heads, headWidth: Int
    private let scale: Double

    init(
        _ channels: Int, headWidth: Int, groups: Int?, epsilon: Double, scale: Double, in builder: inout ModelBuilder
    ) {
        // What heads leave over of the channels takes no part.
        heads = channels / headWidth
        self.headWidth = headWidth
        self.scale = scale
        let inner = heads * headWidth
        norm = groups.map { groups in
            builder.scope("group_norm") { GroupNorm(channels, groups: groups, epsilon: epsilon, in: &$0) }
        }
        query = builder.scope("to_q") { Linear(channels, inner, in: &$0) }
        key = builder.scope("to_k") { Linear(channels, inner, in: &$0) }
        value = builder.scope("to_v") { Linear(channels, inner, in: &$0) }
        output = builder.scope("to_out") { builder in builder.scope("0") { Linear(inner, channels, in: &$0) } }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let images = x.shape[0], tokens = x.shape[1] * x.shape[2]
        let words = (norm?(x, &context) ?? x).reshaped([images, tokens, x.shape[3]])
        func split(_ t: Tensor) -> Tensor { t.reshaped([images, tokens, heads, headWidth]).transposed(-3, -2) }
        let q = split(query(words, &context)), k = split(key(words, &context)), v = split(value(words, &context))
        let scores = q.product(k, transposed: true) * (1 / Scalar(headWidth).squareRoot())
        let mixed = scores.logSoftmax().exponential().product(v)
        let joined = mixed.transposed(-3, -2).reshaped([images, tokens, heads * headWidth])
        let sum = output(joined, &context).reshaped(x.shape) + x
        return scale == 1 ? sum : sum * Scalar(1 / scale)
    }
}
