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

private struct Transformer: ExportableLayer {
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

    func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        let (channels, rows, columns) = (x.shape[0], x.shape[1] / patch, x.shape[2] / patch)
        let last = graph.transposed(x, [0, 2, 3, 1]), tokens = patch * patch
        let patches = graph.transposed(
            graph.reshaped(last, [patch, rows, patch, columns, channels]), [0, 1, 3, 2, 4, 5])
        let embedded = embedding.export(graph.reshaped(patches, [tokens, rows * columns * channels]), to: &graph)
        // The class token in front, as often as there are images.
        let width = embedded.shape[1], (start, end) = (graph.integers([0]), graph.integers([1]))
        let images = graph.node("Slice", graph.node("Shape", embedded), [start, end], shape: [])
        let target = graph.node("Concat", images, [graph.integers([1, width])], [("axis", .integer(0))])
        let token = graph.node(
            "Expand", ExportedValue(name: graph.parameter(classToken), shape: []), [target.name], shape: [1, width])
        let all = graph.node("Concat", token, [embedded.name], [("axis", .integer(1))], shape: [tokens + 1, width])
        var encoded = graph.node("Add", all, [graph.parameter(positions)])
        for encoder in encoders.dropLast() { encoded = try encoder.export(encoded, to: &graph) }
        let first = try encoders.last?.exportFirstToken(of: encoded, to: &graph) ?? graph.firstToken(of: encoded)
        return try head.export(graph.reshaped(first, [width]), to: &graph)
    }
}

private struct Encoder: ExportableLayer {
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
    func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        let attended = graph.sum(x, attention.export(norm1.export(x, to: &graph), to: &graph))
        return graph.sum(attended, try perceptron.export(norm2.export(attended, to: &graph), to: &graph))
    }

    func exportFirstToken(of x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        let normalised = norm1.export(x, to: &graph), first = graph.firstToken(of: normalised)
        let attention = attention.export(first, to: normalised, in: &graph)
        let attended = graph.sum(graph.firstToken(of: x), attention)
        return graph.sum(attended, try perceptron.export(norm2.export(attended, to: &graph), to: &graph))
    }
}

extension ExportedGraph {
    /// [1, width] of [tokens, width].
    fileprivate mutating func firstToken(of x: ExportedValue) -> ExportedValue {
        let (start, end) = (integers([0]), integers([1]))
        return node("Slice", x, [start, end, end], shape: [1, x.shape[1]])
    }
}
