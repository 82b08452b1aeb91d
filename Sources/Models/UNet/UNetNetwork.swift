import Autodiff
import Kernels
import Layers

extension UNet: Architecture {
    public var predictsNoise: Bool { true }

    public func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer {
        UNetNetwork(
            self, inChannels: input[2], outChannels: outChannels ?? input[2],
            classEmbeddings: classEmbeddings ?? classes + 1, in: &builder)
    }
}

/// The forward pass of a U-Net: [B, H, W, C] and what the context's conditioning says, to a prediction.
struct UNetNetwork: Layer {
    private let centresInput: Bool
    private let input, output: Conv2d
    private let time: TimeEmbedding
    private let classes: Embedding?
    private let down: [DownLevel]
    private let mid: MidBlock?
    private let up: [UpLevel]
    private let norm: GroupNorm

    init(_ unet: UNet, inChannels: Int, outChannels: Int, classEmbeddings: Int, in builder: inout ModelBuilder) {
        let widths = unet.widths, timeWidth = unet.timeEmbeddingDim ?? widths[0] * 4
        let settings = BlockSettings(unet, timeWidth: timeWidth)
        centresInput = unet.centresInput
        input = builder.scope("conv_in") {
            Conv2d(inChannels, widths[0], kernel: 3, padding: 1, bias: true, in: &$0)
        }
        time = builder.scope("time_embedding") {
            TimeEmbedding(
                .init(width: widths[0], cosineFirst: unet.cosineFirst, shift: unet.freqShift), timeWidth, in: &$0)
        }
        classes =
            classEmbeddings == 0
            ? nil : builder.scope("class_embedding") { Embedding(classEmbeddings, timeWidth, in: &$0) }
        down = widths.indices.map { level in
            builder.scope("down_blocks") { builder in
                builder.scope("\(level)") {
                    DownLevel(
                        from: widths[max(0, level - 1)], to: widths[level], layers: unet.layersPerBlock,
                        attends: unet.downBlocks[level] == .attending,
                        padding: level + 1 < widths.count ? unet.downsamplePadding : nil, settings, in: &$0)
                }
            }
        }
        mid =
            unet.midBlock == nil
            ? nil
            : builder.scope("mid_block") {
                MidBlock(
                    widths[widths.count - 1], attends: unet.midHasAttention, scale: unet.midScale,
                    attentionGroups: unet.midAttentionGroups
                        ?? (unet.timeConditioning == .added ? unet.groups : nil), settings, in: &$0)
            }
        let upWidths = UNetWidths(widths, layersPerBlock: unet.layersPerBlock).up
        up = upWidths.indices.map { level in
            builder.scope("up_blocks") { builder in
                builder.scope("\(level)") {
                    UpLevel(
                        upWidths[level], attends: unet.upBlocks[level] == .attending,
                        upsamples: level + 1 < upWidths.count, settings, in: &$0)
                }
            }
        }
        norm = builder.scope("conv_norm_out") {
            GroupNorm(widths[0], groups: unet.groups, epsilon: unet.epsilon, in: &$0)
        }
        output = builder.scope("conv_out") {
            Conv2d(widths[0], outChannels, kernel: 3, padding: 1, bias: true, in: &$0)
        }
    }

    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        guard let conditioning = context.conditioning, conditioning.times.count == x.shape[0] else {
            preconditionFailure("UNet: \(context.conditioning?.times.count ?? 0) times for images \(x.shape)")
        }
        var embedding = time(conditioning.times, in: x.pool, &context)
        if let classes { embedding = embedding + classes(conditioning.classes, &context) }
        var h = input(centresInput ? x * 2 + -1 : x, &context)
        var skips = [h]
        for level in down { h = level(h, embedding, &skips, &context) }
        if let mid { h = mid(h, embedding, &context) }
        for level in up { h = level(h, embedding, &skips, &context) }
        return output(norm.activated(h, by: .silu, residual: nil, &context), &context)
    }
}
