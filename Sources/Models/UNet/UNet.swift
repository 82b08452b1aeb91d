import Autodiff
import Configuration
import Layers

/// A U-Net that predicts noise (Ho et al. 2020): names, shapes and arithmetic of diffusers' `UNet2DModel`, and its
/// keys, so that a `config.json` saved by that library is read by this declaration. Keys with one value are what is
/// supported of theirs.
public struct UNet: Architecture {
    public enum DownBlock: String, Sendable, CaseIterable { case plain = "DownBlock2D", attending = "AttnDownBlock2D" }
    public enum UpBlock: String, Sendable, CaseIterable { case plain = "UpBlock2D", attending = "AttnUpBlock2D" }
    public enum MiddleBlock: String, Sendable, CaseIterable { case standard = "UNetMidBlock2D" }
    public enum TimeEmbeddingKind: String, Sendable, CaseIterable { case positional }
    public enum Resampling: String, Sendable, CaseIterable { case conv }
    public enum ActivationName: String, Sendable, CaseIterable {
        case silu, swish, relu, gelu
        var activation: Activation { self == .swish ? .silu : Activation(rawValue: rawValue) ?? .silu }
    }
    /// How the time enters a block: added, or as scale and shift of its second normalisation.
    public enum TimeConditioning: String, Sendable, CaseIterable {
        case added = "default"
        case scaleAndShift = "scale_shift"
    }

    public var inChannels: Int?
    public var outChannels: Int?
    public var centresInput = false
    public var timeEmbeddingDim: Int?
    public var freqShift = 0.0
    public var cosineFirst = true
    public var downBlocks = [DownBlock.plain, .attending]
    public var midBlock: MiddleBlock? = .standard
    public var upBlocks = [UpBlock.attending, .plain]
    public var widths = [32, 64]
    public var layersPerBlock = 2
    public var midScale = 1.0
    public var downsamplePadding = 1
    public var activation = ActivationName.silu
    /// Channels of an attention head; null: one head.
    public var headWidth: Int? = 8
    public var groups = 32
    public var midAttentionGroups: Int?
    public var epsilon = 1e-5
    public var timeConditioning = TimeConditioning.added
    public var midHasAttention = true
    /// Rows of the class table; null: one a class and one for the empty class; 0: a network that knows no classes.
    public var classEmbeddings: Int?

    public init() {}

    public var predictsNoise: Bool { true }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        var timeEmbedding = TimeEmbeddingKind.positional, down = Resampling.conv, up = Resampling.conv
        try fields.optional("in_channels", &inChannels, in: 1...64)
        try fields.optional("out_channels", &outChannels, in: 1...128)
        try fields.value("center_input_sample", &centresInput)
        try fields.value("time_embedding_type", &timeEmbedding)
        try fields.optional("time_embedding_dim", &timeEmbeddingDim, in: 1...16384)
        try fields.value("freq_shift", &freqShift, in: 0...1)
        try fields.value("flip_sin_to_cos", &cosineFirst)
        try fields.value("down_block_types", &downBlocks, count: 1...8)
        try fields.optional("mid_block_type", &midBlock)
        try fields.value("up_block_types", &upBlocks, count: 1...8)
        try fields.value("block_out_channels", &widths, count: 1...8, check: .within(4...4096))
        try fields.value("layers_per_block", &layersPerBlock, in: 1...16)
        try fields.value("mid_block_scale_factor", &midScale, check: .positive)
        try fields.value("downsample_padding", &downsamplePadding, in: 0...1)
        try fields.value("downsample_type", &down)
        try fields.value("upsample_type", &up)
        try fields.value("act_fn", &activation)
        try fields.optional("attention_head_dim", &headWidth, in: 1...4096)
        try fields.value("norm_num_groups", &groups, in: 1...1024)
        try fields.optional("attn_norm_num_groups", &midAttentionGroups, in: 1...1024)
        try fields.value("norm_eps", &epsilon, check: .positive)
        try fields.value("resnet_time_scale_shift", &timeConditioning)
        try fields.value("add_attention", &midHasAttention)
        try fields.optional("num_class_embeds", &classEmbeddings, in: 0...100_000)
        try require(&fields)
    }

    private func require(_ fields: inout FieldVisitor) throws {
        let levels = widths.count
        try fields.require(
            downBlocks.count == levels, "down_block_types",
            "\(downBlocks.count) blocks, but block_out_channels has \(levels)")
        try fields.require(
            upBlocks.count == levels, "up_block_types",
            "\(upBlocks.count) blocks, but block_out_channels has \(levels)")
        try fields.require(
            freqShift < Double(widths[0] / 2), "freq_shift", "leaves no frequencies for \(widths[0]) channels")
        // Behind a concatenation the sum of two widths is normalised.
        let normalised = widths + UNetWidths(self).joined
        if let odd = normalised.first(where: { $0 % groups != 0 }) {
            try fields.require(false, "norm_num_groups", "\(groups) groups do not divide \(odd) channels")
        }
        try fields.require(
            midAttentionGroups.map { widths[levels - 1] % $0 == 0 } ?? true, "attn_norm_num_groups",
            "does not divide \(widths[levels - 1]) channels")
        if let headWidth {
            var attending = midBlock != nil && midHasAttention ? [widths[levels - 1]] : []
            for (block, width) in zip(downBlocks, widths) where block == .attending { attending.append(width) }
            for (block, width) in zip(upBlocks, widths.reversed()) where block == .attending { attending.append(width) }
            try fields.require(
                attending.allSatisfy { $0 >= headWidth }, "attention_head_dim",
                "a head of \(headWidth) is wider than a level that attends")
        }
    }

    public func problem(with input: Shape, classes: Int) -> String? {
        if let inChannels, inChannels != input[2] {
            return "model.in_channels is \(inChannels), but the images have \(input[2]) channels"
        }
        if let classEmbeddings, classEmbeddings != 0, classEmbeddings <= classes {
            return "model.num_class_embeds is \(classEmbeddings); \(classes) classes and the empty one need "
                + "\(classes + 1) (0 is a network that knows none)"
        }
        let out = outChannels ?? input[2]
        guard out == input[2] || out == 2 * input[2] else {
            return "model.out_channels is \(out), neither the images' \(input[2]) nor twice as many"
        }
        let factor = 1 << (widths.count - 1)
        guard input[0] % factor == 0, input[1] % factor == 0 else {
            return "model: \(widths.count) levels need sides that \(factor) divides; images are \(input[0])x\(input[1])"
        }
        return nil
    }

    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        UNetNetwork(
            self, inChannels: input[2], outChannels: outChannels ?? input[2],
            classEmbeddings: classEmbeddings ?? classes + 1, in: &builder)
    }
}

/// The channels that meet in the blocks of the way up, from the deepest level.
struct UNetWidths {
    /// Of each block: the channels of its input, of its output, and of the skips it takes, in order.
    var up: [(input: Int, output: Int, skips: [Int])] = []

    init(_ unet: UNet) {
        let reversed = Array(unet.widths.reversed())
        for (i, output) in reversed.enumerated() {
            let below = reversed[min(i + 1, reversed.count - 1)]
            up.append(
                (reversed[max(0, i - 1)], output, Array(repeating: output, count: unet.layersPerBlock) + [below]))
        }
    }

    /// Channels behind each concatenation.
    var joined: [Int] {
        up.flatMap { block in block.skips.enumerated().map { ($0 == 0 ? block.input : block.output) + $1 } }
    }
}
