import Autodiff
import Configuration
import Layers

/// A U-Net that predicts noise (Ho et al. 2020): names, shapes and arithmetic of diffusers' `UNet2DModel`, and its
/// keys, so that a `config.json` saved by that library is read by this declaration. Keys with one value are what is
/// supported of theirs.
public struct UNet: Configurable {
    /// Blocks of the way down, with attention or without.
    public enum DownBlock: String, Sendable, CaseIterable { case plain = "DownBlock2D", attending = "AttnDownBlock2D" }
    /// Blocks of the way up, with attention or without.
    public enum UpBlock: String, Sendable, CaseIterable { case plain = "UpBlock2D", attending = "AttnUpBlock2D" }
    /// The deepest blocks.
    public enum MiddleBlock: String, Sendable, CaseIterable { case standard = "UNetMidBlock2D" }
    /// How the time becomes numbers: sines and cosines.
    public enum TimeEmbeddingKind: String, Sendable, CaseIterable { case positional }
    /// How the resolution changes: by a convolution.
    public enum Resampling: String, Sendable, CaseIterable { case conv }
    /// Diffusers' names, of which two mean the same.
    public enum ActivationName: String, Sendable, CaseIterable {
        case silu, swish, relu, gelu
        var activation: Activation { self == .swish ? .silu : Activation(rawValue: rawValue) ?? .silu }
    }
    /// How the time enters a block: added, or as scale and shift of its second normalisation.
    public enum TimeConditioning: String, Sendable, CaseIterable {
        case added = "default"
        case scaleAndShift = "scale_shift"
    }

    /// `in_channels`; null: the images'.
    public var inChannels: Int?
    /// `out_channels`; null: the images'. Twice as many hold a variance that is not used.
    public var outChannels: Int?
    /// `center_input_sample`: images in [0, 1] are brought to [-1, 1] first.
    public var centresInput = false
    /// `time_embedding_dim`; null: four times the first width.
    public var timeEmbeddingDim: Int?
    /// `freq_shift`, of `TimeEmbedding.Waves`.
    public var freqShift = 0.0
    /// `flip_sin_to_cos`
    public var cosineFirst = true
    /// `down_block_types`, from the highest resolution on.
    public var downBlocks = [DownBlock.plain, .attending]
    /// `mid_block_type`; null: none.
    public var midBlock: MiddleBlock? = .standard
    /// `up_block_types`, from the lowest resolution on.
    public var upBlocks = [UpBlock.attending, .plain]
    /// `block_out_channels`, from the highest resolution on.
    public var widths = [32, 64]
    /// `layers_per_block`: residual blocks of a way down; a way up has one more.
    public var layersPerBlock = 2
    /// `mid_block_scale_factor`: what results of the deepest blocks are divided by.
    public var midScale = 1.0
    /// `downsample_padding`
    public var downsamplePadding = 1
    /// `act_fn`
    public var activation = ActivationName.silu
    /// Channels of an attention head; null: one head.
    public var headWidth: Int? = 8
    /// `norm_num_groups`; they divide all widths.
    public var groups = 32
    /// `attn_norm_num_groups`; null: `groups`, or no normalisation where time is scale and shift.
    public var midAttentionGroups: Int?
    /// `norm_eps`
    public var epsilon = 1e-5
    /// `resnet_time_scale_shift`
    public var timeConditioning = TimeConditioning.added
    /// `add_attention`, to the deepest blocks.
    public var midHasAttention = true
    /// Rows of the class table; null: one a class and one for the empty class; 0: a network that knows no classes.
    public var classEmbeddings: Int?

    public init() {}

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
        let normalised = widths + UNetWidths(widths, layersPerBlock: layersPerBlock).joined
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
}
