import Autodiff
import Kernels
import Layers

extension BlockSettings {
    /// Residual block `index` of the enclosing scope.
    func residual(_ index: Int, from: Int, to: Int, scale: Double = 1, in builder: inout ModelBuilder)
        -> ResidualBlock
    {
        builder.scope("resnets") { builder in
            builder.scope("\(index)") { ResidualBlock(from: from, to: to, scale: scale, self, in: &$0) }
        }
    }

    /// Attention `index` of the enclosing scope.
    func attention(_ index: Int, _ channels: Int, groups: Int?, scale: Double = 1, in builder: inout ModelBuilder)
        -> SpatialAttention
    {
        builder.scope("attentions") { builder in
            builder.scope("\(index)") {
                SpatialAttention(
                    channels, headWidth: headWidth ?? channels, groups: groups, epsilon: epsilon, scale: scale, in: &$0)
            }
        }
    }
}

/// Residual blocks, each with attention or not, and a halving of the resolution. Leaves its results for the way up.
struct DownLevel {
    private let blocks: [ResidualBlock]
    private let attentions: [SpatialAttention]
    private let downsample: Downsample?

    /// `padding` nil: the last level, which keeps the resolution.
    init(
        from: Int, to: Int, layers: Int, attends: Bool, padding: Int?, _ settings: BlockSettings,
        in builder: inout ModelBuilder
    ) {
        blocks = (0..<layers).map { settings.residual($0, from: $0 == 0 ? from : to, to: to, in: &builder) }
        attentions =
            attends ? (0..<layers).map { settings.attention($0, to, groups: settings.groups, in: &builder) } : []
        downsample = padding.map { padding in
            builder.scope("downsamplers") { builder in
                builder.scope("0") { Downsample(to, padding: padding, in: &$0) }
            }
        }
    }

    func callAsFunction(
        _ x: Tensor, _ embedding: Tensor, _ skips: inout [Tensor], _ context: inout ForwardContext
    ) -> Tensor {
        var h = x
        for (index, block) in blocks.enumerated() {
            h = block(h, embedding, &context)
            if index < attentions.count { h = attentions[index](h, &context) }
            skips.append(h)
        }
        if let downsample {
            h = downsample(h, &context)
            skips.append(h)
        }
        return h
    }
}

/// The deepest blocks.
struct MidBlock {
    private let first, second: ResidualBlock
    private let attention: SpatialAttention?

    init(
        _ channels: Int, attends: Bool, scale: Double, attentionGroups: Int?, _ settings: BlockSettings,
        in builder: inout ModelBuilder
    ) {
        attention =
            attends ? settings.attention(0, channels, groups: attentionGroups, scale: scale, in: &builder) : nil
        first = settings.residual(0, from: channels, to: channels, scale: scale, in: &builder)
        second = settings.residual(1, from: channels, to: channels, scale: scale, in: &builder)
    }

    func callAsFunction(_ x: Tensor, _ embedding: Tensor, _ context: inout ForwardContext) -> Tensor {
        let h = first(x, embedding, &context)
        return second(attention?(h, &context) ?? h, embedding, &context)
    }
}

/// Residual blocks over the input and the results of the way down, and a doubling of the resolution.
struct UpLevel {
    private let blocks: [ResidualBlock]
    private let attentions: [SpatialAttention]
    private let upsample: Upsample?

    init(
        _ widths: (input: Int, output: Int, skips: [Int]), attends: Bool, upsamples: Bool, _ settings: BlockSettings,
        in builder: inout ModelBuilder
    ) {
        blocks = widths.skips.enumerated().map { index, skip in
            settings.residual(
                index, from: (index == 0 ? widths.input : widths.output) + skip, to: widths.output, in: &builder)
        }
        attentions =
            attends
            ? blocks.indices.map { settings.attention($0, widths.output, groups: settings.groups, in: &builder) } : []
        upsample =
            upsamples
            ? builder.scope("upsamplers") { builder in builder.scope("0") { Upsample(widths.output, in: &$0) } } : nil
    }

    func callAsFunction(
        _ x: Tensor, _ embedding: Tensor, _ skips: inout [Tensor], _ context: inout ForwardContext
    ) -> Tensor {
        var h = x
        for (index, block) in blocks.enumerated() {
            h = block(h.concatenated(with: skips.removeLast(), axis: -1), embedding, &context)
            if index < attentions.count { h = attentions[index](h, &context) }
        }
        return upsample?(h, &context) ?? h
    }
}
