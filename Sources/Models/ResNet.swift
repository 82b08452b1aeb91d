import Autodiff
import Configuration
import Layers

/// A residual network for small images (He et al. 2016, CIFAR stem): parameter names and shapes as in the PyTorch
/// networks of the robustness literature.
public struct ResNet: Architecture {
    /// Channels of each stage; every stage but the first halves the resolution.
    public var widths = [16, 32, 64]
    /// Basic blocks of each stage.
    public var blocks = [1, 1, 1]
    /// After every normalisation, but for that of a shortcut.
    public var activation = Activation.relu
    /// After every convolution.
    public var norm = Normalisation.batch

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("widths", &widths, count: 1...8, check: .within(1...4096))
        try fields.value("blocks", &blocks, count: 1...8, check: .within(1...64))
        try fields.require(
            widths.count == blocks.count, "blocks", "\(blocks.count) stages, but widths has \(widths.count)")
        try fields.value("activation", &activation)
        try fields.value("norm", &norm)
    }

    public var predictsNoise: Bool { false }
    public func problem(with input: Shape, classes: Int) -> String? { nil }

    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        var layers: [any Layer] = [
            NormalisedConvolution(
                builder.scope("conv1") { Conv2d(input[-1], widths[0], kernel: 3, padding: 1, in: &$0) },
                builder.scope("bn1") { norm.layer(channels: widths[0], in: &$0) }, activation)
        ]
        var channels = widths[0]
        for (stage, (width, count)) in zip(widths, blocks).enumerated() {
            for block in 0..<count {
                let stride = stage > 0 && block == 0 ? 2 : 1
                layers.append(
                    builder.scope("layer\(stage + 1)") { builder in
                        builder.scope("\(block)") {
                            BasicBlock(channels, width, stride: stride, activation: activation, norm: norm, in: &$0)
                        }
                    })
                channels = width
            }
        }
        layers.append(GlobalAveragePool())
        layers.append(builder.scope("linear") { Linear(channels, classes, in: &$0) })
        return Sequential(layers)
    }
}

/// The reference network of the method's paper: widths 64 to 512, two blocks a stage.
struct ResNet18: Architecture {
    /// As `ResNet`'s.
    var activation = Activation.relu
    /// As `ResNet`'s.
    var norm = Normalisation.batch

    init() {}

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("activation", &activation)
        try fields.value("norm", &norm)
    }

    var predictsNoise: Bool { false }
    func problem(with input: Shape, classes: Int) -> String? { nil }

    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        var network = ResNet()
        network.widths = [64, 128, 256, 512]
        network.blocks = [2, 2, 2, 2]
        network.activation = activation
        network.norm = norm
        return network.build(input: input, classes: classes, in: &builder)
    }
}

/// Two 3x3 convolutions and a shortcut, which is a strided 1x1 convolution where the shape changes.
private struct BasicBlock: ExportableLayer {
    let first, second: NormalisedConvolution
    let shortcut: NormalisedConvolution?

    init(
        _ inChannels: Int, _ outChannels: Int, stride: Int, activation: Activation, norm: Normalisation,
        in builder: inout ModelBuilder
    ) {
        first = NormalisedConvolution(
            builder.scope("conv1") {
                Conv2d(inChannels, outChannels, kernel: 3, stride: stride, padding: 1, in: &$0)
            },
            builder.scope("bn1") { norm.layer(channels: outChannels, in: &$0) }, activation)
        second = NormalisedConvolution(
            builder.scope("conv2") { Conv2d(outChannels, outChannels, kernel: 3, padding: 1, in: &$0) },
            builder.scope("bn2") { norm.layer(channels: outChannels, in: &$0) }, activation)
        guard stride != 1 || inChannels != outChannels else {
            shortcut = nil
            return
        }
        shortcut = builder.scope("shortcut") { builder in
            NormalisedConvolution(
                builder.scope("0") { Conv2d(inChannels, outChannels, kernel: 1, stride: stride, in: &$0) },
                builder.scope("1") { norm.layer(channels: outChannels, in: &$0) }, nil)
        }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        let hidden = first(x, &context)
        return second(hidden, residual: shortcut?(x, &context) ?? x, &context)
    }
    func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        let hidden = try first.export(x, to: &graph)
        return try second.export(hidden, residual: shortcut?.export(x, to: &graph) ?? x, to: &graph)
    }
}
