import Autodiff
import Configuration
import Layers

/// A residual network whose blocks normalise and activate before they convolve (He et al. 2016, identity mappings), with
/// the parameter names of the robustness literature's PreActResNet-18, which it is by default.
struct PreActivationResNet: Architecture {
    /// Channels of each stage; every stage but the first halves the resolution.
    var widths = [64, 128, 256, 512]
    /// Blocks of each stage.
    var blocks = [2, 2, 2, 2]
    /// After every normalisation.
    var activation = Activation.relu
    /// Before every convolution but the first and those of shortcuts.
    var norm = Normalisation.batch
    /// Whether what the last block gives is normalised and activated (`bn`), as most have it; the earliest has not.
    var finalNorm = true

    init() {}

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("widths", &widths, count: 1...8, check: .within(1...4096))
        try fields.value("blocks", &blocks, count: 1...8, check: .within(1...64))
        try fields.require(
            widths.count == blocks.count, "blocks", "\(blocks.count) stages, but widths has \(widths.count)")
        try fields.value("activation", &activation)
        try fields.value("norm", &norm)
        try fields.value("finalNorm", &finalNorm)
    }

    var predictsNoise: Bool { false }
    func problem(with input: Shape, classes: Int) -> String? { nil }

    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        var layers: [any Layer] = [
            builder.scope("conv1") { Conv2d(input[-1], widths[0], kernel: 3, padding: 1, in: &$0) }
        ]
        var channels = widths[0]
        for (stage, (width, count)) in zip(widths, blocks).enumerated() {
            for block in 0..<count {
                let stride = stage > 0 && block == 0 ? 2 : 1, inChannels = channels
                layers.append(
                    builder.scope("layer\(stage + 1)") { builder in
                        builder.scope("\(block)") {
                            PreActivationBlock(
                                inChannels, width, stride: stride, shortcut: "shortcut.0", activation: activation,
                                norm: norm, in: &$0)
                        }
                    })
                channels = width
            }
        }
        if finalNorm {
            layers.append(
                ActivatedNormalisation(builder.scope("bn") { norm.layer(channels: channels, in: &$0) }, activation))
        }
        layers.append(GlobalAveragePool())
        layers.append(builder.scope("linear") { Linear(channels, classes, in: &$0) })
        return Sequential(layers)
    }
}
