import Autodiff
import Configuration
import Glibc
import Kernels
import Layers

/// A small network that predicts noise of points: linear layers with shortcuts, to each of which time and class are
/// added, over the coordinates and their sines and cosines, without which it would see coarse structure alone (Tancik
/// et al. 2020).
struct DenoisingPerceptron: Architecture {
    /// Numbers between layers.
    var width = 128
    /// Pairs of linear layers with a shortcut around them.
    var layers = 3
    /// Sines and cosines of the time.
    var timeWidth = 32
    /// Sines and cosines of each coordinate, of frequencies 1, 2, 4, ...
    var waves = 4

    init() {}

    var predictsNoise: Bool { true }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("width", &width, in: 1...4096)
        try fields.value("layers", &layers, in: 1...64)
        try fields.value("timeWidth", &timeWidth, in: 2...1024)
        try fields.value("waves", &waves, in: 0...12)
    }

    func problem(with input: Shape, classes: Int) -> String? { nil }

    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        DenoisingPerceptronNetwork(self, input: input, classes: classes, in: &builder)
    }
}

private struct DenoisingPerceptronNetwork: Layer {
    private let time: TimeEmbedding
    private let classes: Embedding
    private let first, last: Linear
    private let waves: Int
    private let blocks: [Block]

    private struct Block {
        let condition, enter, leave: Linear
    }

    init(_ perceptron: DenoisingPerceptron, input: Shape, classes: Int, in builder: inout ModelBuilder) {
        let width = perceptron.width
        time = builder.scope("time_embedding") {
            TimeEmbedding(.init(width: perceptron.timeWidth), width, in: &$0)
        }
        self.classes = builder.scope("class_embedding") { Embedding(classes + 1, width, in: &$0) }
        waves = perceptron.waves
        first = builder.scope("first") { Linear(input.count * (1 + 2 * perceptron.waves), width, in: &$0) }
        blocks = (0..<perceptron.layers).map { index in
            builder.scope("blocks") { builder in
                builder.scope("\(index)") { builder in
                    Block(
                        condition: builder.scope("condition") { Linear(width, width, in: &$0) },
                        enter: builder.scope("enter") { Linear(width, width, in: &$0) },
                        leave: builder.scope("leave") { Linear(width, width, in: &$0) })
                }
            }
        }
        last = builder.scope("last") { Linear(width, input.count, in: &$0) }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        guard let conditioning = context.conditioning, conditioning.times.count == x.shape[0] else {
            preconditionFailure("mlp-denoiser: \(context.conditioning?.times.count ?? 0) times for \(x.shape)")
        }
        let embedding = Activation.silu(
            time(conditioning.times, in: x.pool, &context) + classes(conditioning.classes, &context))
        var h = first(withWaves(x), &context)
        for block in blocks {
            let entered = block.enter(Activation.silu(h), &context) + block.condition(embedding, &context)
            h = h + block.leave(Activation.silu(entered), &context)
        }
        return last(Activation.silu(h), &context).reshaped(x.shape)
    }

    /// [B, coordinates, and for each frequency their sines and cosines]. Constants: nobody differentiates a denoiser
    /// with respect to its input.
    private func withWaves(_ x: Tensor) -> Tensor {
        precondition(!x.isRecorded, "mlp-denoiser: differentiated with respect to its input")
        let size = x.shape.suffix(3).count, columns = size * (1 + 2 * waves)
        return Tensor([x.shape[0], columns], in: x.pool) { out in
            for row in 0..<x.shape[0] {
                let from = x.pointer + row * size, to = out + row * columns
                to.update(from: from, count: size)
                for wave in 0..<waves {
                    let sines = to + size * (1 + 2 * wave), cosines = sines + size
                    for i in 0..<size {
                        let phase = Double(from[i]) * Double(1 << wave)
                        sines[i] = Scalar(sin(phase))
                        cosines[i] = Scalar(cos(phase))
                    }
                }
            }
        }
    }
}
