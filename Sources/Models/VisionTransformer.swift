import Autodiff
import Configuration
import Layers

/// A vision transformer for small images (Dosovitskiy et al. 2021) with the parameter names and the peculiarities of
/// the method's reference code: normalisation before each part, and an activation after both layers of the perceptron.
public struct VisionTransformer: Architecture {
    /// Patches along each side of the image, which need not be a square.
    public var patch = 8
    /// Encoders.
    public var layers = 7
    /// Numbers of a token.
    public var hidden = 384
    /// Numbers between the two layers of an encoder's perceptron.
    public var mlpHidden = 384
    /// Of attention; they divide `hidden`.
    public var heads = 12
    /// Side of an image, where a file states it; null: the data's.
    public var side: Int?
    /// Likewise.
    public var channels: Int?

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("patch", &patch, in: 1...64)
        try fields.value("layers", &layers, in: 1...64)
        try fields.value("hidden", &hidden, in: 1...4096)
        try fields.value("mlp_hidden", &mlpHidden, in: 1...16384)
        try fields.value("head", &heads, in: 1...64)
        try fields.require(hidden % heads == 0, "head", "\(heads) heads do not divide hidden, \(hidden)")
        try fields.optional("img", &side, in: 1...4096)
        try fields.optional("in_c", &channels, in: 1...64)
    }

    public var predictsNoise: Bool { false }
    public func problem(with input: Shape, classes: Int) -> String? {
        if let side, side != input[0] || side != input[1] {
            return "model.img is \(side), but the images are \(input[0]) x \(input[1])"
        }
        if let channels, channels != input[2] { return "model.in_c is \(channels), but the images have \(input[2])" }
        guard input[0] % patch == 0, input[1] % patch == 0 else {
            return "model.patch: \(patch) x \(patch) patches do not divide images of \(input[0]) x \(input[1])"
        }
        return nil
    }

    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        let patchSize = input[0] / patch * (input[1] / patch) * input[2]
        return Transformer(
            patch: patch,
            embedding: builder.scope("emb") { Linear(patchSize, hidden, in: &$0) },
            classToken: builder.parameter("cls_token", [1, 1, hidden], .normal),
            positions: builder.parameter("pos_emb", [1, patch * patch + 1, hidden], .normal),
            encoders: (0..<layers).map { index in
                builder.scope("enc") { builder in
                    builder.scope("\(index)") { Encoder(hidden, mlpHidden, heads: heads, in: &$0) }
                }
            },
            head: builder.scope("fc") { builder in
                Sequential([
                    builder.scope("0") { LayerNorm(hidden, in: &$0) },
                    builder.scope("1") { Linear(hidden, classes, in: &$0) },
                ])
            })
    }
}

private struct Transformer: Layer {
    let patch: Int
    let embedding: Linear
    let classToken, positions: ParameterSlot
    let encoders: [Encoder]
    let head: Sequential

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let (height, width, channels) = (x.shape[-3], x.shape[-2], x.shape[-1])
        let batch = x.shape.prefix(x.shape.rank - 3)
        let rows = height / patch
        let columns = width / patch
        let tokens = patch * patch
        let words = x.reshaped(batch + [patch, rows, patch, columns, channels])
            .transposed(-4, -3)
            .reshaped(batch + [tokens, rows * columns * channels])
        let embedded = embedding(words, &context).embedded(at: 1, of: tokens + 1, axis: -2)
        let start = context[classToken].embedded(at: 0, of: tokens + 1, axis: -2)
        var encoded = embedded + start + context[positions]
        for encoder in encoders.dropLast() { encoded = encoder(encoded, &context) }
        // The head reads the class token alone, and so all that follows the last attention.
        let first = encoders.last?.firstToken(of: encoded, &context) ?? encoded.sliced(0..<1, axis: -2)
        return head(first.reshaped(batch + [encoded.shape[-1]]), &context)
    }
}

private struct Encoder: Layer {
    let norm1, norm2: LayerNorm
    let attention: SelfAttention
    let perceptron: Sequential

    init(_ width: Int, _ hidden: Int, heads: Int, in builder: inout ModelBuilder) {
        norm1 = builder.scope("la1") { LayerNorm(width, in: &$0) }
        attention = builder.scope("msa") { SelfAttention(width, heads: heads, in: &$0) }
        norm2 = builder.scope("la2") { LayerNorm(width, in: &$0) }
        perceptron = builder.scope("mlp") { builder in
            Sequential([
                builder.scope("0") { Linear(width, hidden, in: &$0) }, Activation.gelu,
                builder.scope("3") { Linear(hidden, width, in: &$0) }, Activation.gelu,
            ])
        }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let attended = x + attention(norm1(x, &context), &context)
        return attended + perceptron(norm2(attended, &context), &context)
    }

    /// The first token of the result, [..., 1, width], without the others.
    func firstToken(of x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let normalised = norm1(x, &context), first = normalised.sliced(0..<1, axis: -2)
        let attended = x.sliced(0..<1, axis: -2) + attention(first, to: normalised, &context)
        return attended + perceptron(norm2(attended, &context), &context)
    }
}
