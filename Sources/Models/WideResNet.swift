import Autodiff
import Configuration
import Layers

/// A wide residual network (Zagoruyko and Komodakis 2016), with the parameter names of the robustness literature's
/// WideResNets. Without dropout.
struct WideResNet: Architecture {
    /// Layers of filters on the longest way, 6 n + 4: n blocks in each of three stages.
    var depth = 28
    /// The stages have 16, 32 and 64 channels times this.
    var widen = 10
    /// After every normalisation.
    var activation = Activation.relu
    /// Before every convolution but the first and those of shortcuts.
    var norm = Normalisation.batch

    init() {}

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("depth", &depth, in: 10...1000)
        try fields.require(depth % 6 == 4, "depth", "\(depth) is not 6 n + 4, such as 10, 16, 28, 34, 70")
        try fields.value("widen", &widen, in: 1...64)
        try fields.value("activation", &activation)
        try fields.value("norm", &norm)
    }

    var predictsNoise: Bool { false }
    func problem(with input: Shape, classes: Int) -> String? { nil }

    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        var layers: [any Layer] = [
            builder.scope("conv1") { Conv2d(input[-1], 16, kernel: 3, padding: 1, in: &$0) }
        ]
        var channels = 16
        for (stage, width) in [16 * widen, 32 * widen, 64 * widen].enumerated() {
            for block in 0..<(depth - 4) / 6 {
                let stride = stage > 0 && block == 0 ? 2 : 1, inChannels = channels
                layers.append(
                    builder.scope("block\(stage + 1)") { builder in
                        builder.scope("layer") { builder in
                            builder.scope("\(block)") {
                                PreActivationBlock(
                                    inChannels, width, stride: stride, shortcut: "convShortcut",
                                    activation: activation, norm: norm, in: &$0)
                            }
                        }
                    })
                channels = width
            }
        }
        layers.append(
            ActivatedNormalisation(builder.scope("bn1") { norm.layer(channels: channels, in: &$0) }, activation))
        layers.append(GlobalAveragePool())
        layers.append(builder.scope("fc") { Linear(channels, classes, in: &$0) })
        return Sequential(layers)
    }
}
