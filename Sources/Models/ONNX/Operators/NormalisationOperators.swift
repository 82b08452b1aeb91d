import Autodiff
import Failures
import Kernels
import Layers

/// Normalisations, and the reductions that others are made of.
extension NodeTranslation {
    /// A constant of one number a channel as a parameter or numbers, [channels] in memory.
    private func operand(of constant: GraphConstant, _ channels: Int) throws -> GraphNetwork.Operand {
        guard constant.shape == [channels] else {
            throw refusal("\(constant.shape) numbers for \(channels) channels")
        }
        return try builder.operand(constant)
    }

    /// A parameter or statistic of this node alone: exporters merge what is equal, as the ones and zeros are that
    /// normalisations start with.
    private func own(
        _ constant: GraphConstant, _ role: String, besides other: GraphConstant? = nil
    ) -> GraphConstant {
        guard let name = constant.name, builder.declares(name) || name == other?.name,
            let output = node.outputs.first
        else { return constant }
        var own = constant
        own.name = "\(output).\(role)"
        return own
    }

    private func epsilon() throws -> Scalar {
        let epsilon = try float("epsilon") ?? 1e-5
        guard epsilon >= 0, epsilon.isFinite else { throw refusal("epsilon \(epsilon)") }
        return Scalar(epsilon)
    }

    /// Channels, the axis 1, last in memory.
    private func channelsLast() throws -> GraphActivation {
        let x = try activation()
        guard x.rank >= 2, x.batch == 0 else { throw refusal("its input has \(x.rank) axes, expected [B, C, ...]") }
        return builder.arranged(x, x.order(last: Array(2..<x.rank) + [1]))
    }

    func batchNormalisation() throws -> [GraphValue] {
        let x = try channelsLast(), channels = x.shape[1], epsilon = try epsilon()
        guard try integer("training_mode") ?? 0 == 0 else {
            throw refusal("it is in training mode; export it in evaluation mode")
        }
        let (mean, variance) = (try constant(3), try constant(4))
        guard mean.shape == [channels], variance.shape == [channels] else {
            throw refusal("statistics of \(mean.shape) and \(variance.shape) numbers for \(channels) channels")
        }
        let weight = try operand(of: own(constant(1), "weight"), channels)
        let bias = try operand(of: own(constant(2), "bias"), channels)
        guard mean.name != nil, variance.name != nil else {
            let operands = try [mean, variance].map { try builder.operand($0) }
            return [
                .activation(
                    builder.emit([.slot(x.slot), weight, bias] + operands, x.shape, batch: 0, order: x.order) { x in
                        let scale = x[1] * x[4].reciprocalSquareRoot(epsilon: epsilon)
                        return x[0].activatedAffine(.identity, scale: scale, shift: x[2] - x[3] * scale)
                    })
            ]
        }
        let slot = builder.statistics(
            own(mean, "running_mean", besides: variance), own(variance, "running_var", besides: mean))
        return [
            .activation(
                builder.emit(
                    [.slot(x.slot), weight, bias], x.shape, batch: 0, order: x.order,
                    .normalisation(statistics: slot, epsilon: epsilon)))
        ]
    }

    /// Over the axis `axis` and all behind it.
    func layerNormalisation() throws -> [GraphValue] {
        let x = try activation(), axis = try axis(integer("axis") ?? -1, of: x.rank), epsilon = try epsilon()
        guard axis > x.batch else { throw refusal("it mixes images") }
        let axes = Array(axis..<x.rank), extents = axes.map { x.shape[$0] }, width = extents.reduce(1, *)
        let last = builder.arranged(x, x.order(last: axes))
        let normalised = mapped(last) { x in
            let lead = x.shape.prefix(x.shape.rank - axes.count)
            return x.reshaped(lead + [width]).normalisedRows(epsilon: epsilon).reshaped(x.shape)
        }
        let scaled = try combined(.activation(normalised), value(1)) { $0 * $1 }
        return [.activation(has(2) ? try combined(.activation(scaled), value(2)) { $0 + $1 } : scaled)]
    }

    func instanceNormalisation() throws -> [GraphValue] { try grouped(groups: nil) }

    func groupNormalisation() throws -> [GraphValue] {
        guard let groups = try integer("num_groups") else { throw refusal("it has no num_groups") }
        return try grouped(groups: groups)
    }

    /// Of every image's groups of channels; nil: every channel by itself.
    private func grouped(groups: Int?) throws -> [GraphValue] {
        let x = try channelsLast(), channels = x.shape[1], groups = groups ?? channels, epsilon = try epsilon()
        guard groups > 0, channels % groups == 0 else { throw refusal("\(groups) groups of \(channels) channels") }
        // Older versions have one factor a group.
        let scale = try constant(1), bias = try constant(2), isByGroup = scale.count == groups && groups != channels
        guard [groups, channels].contains(scale.count), bias.count == scale.count, scale.rank == 1 else {
            throw refusal("\(scale.shape) factors for \(channels) channels")
        }
        let operands = try [scale, bias].map { try builder.operand($0) }
        return [
            .activation(
                builder.emit([.slot(x.slot)] + operands, x.shape, batch: 0, order: x.order) { x in
                    let images = x[0].shape[0], size = channels / groups
                    let pixels = x[0].shape.dropFirst().count / channels
                    let grouped = x[0].reshaped([images, pixels, groups, size])
                    let mean = grouped.mean(-3, -1), variance = grouped.variance(around: mean, axes: [-3, -1])
                    let normalised = (grouped - mean) * variance.reciprocalSquareRoot(epsilon: epsilon)
                    let form: Shape = isByGroup ? [groups, 1] : [groups, size]
                    return (normalised * x[1].reshaped(form) + x[2].reshaped(form)).reshaped(x[0].shape)
                })
        ]
    }

    // MARK: Reductions

    func mean() throws -> [GraphValue] { try reduced { $0.sum(axes: $1) * (1 / Scalar($2)) } }
    func sum() throws -> [GraphValue] { try reduced { x, axes, _ in x.sum(axes: axes) } }
    /// sqrt of the sum of squares
    func norm() throws -> [GraphValue] { try reduced { x, axes, _ in (x * x).sum(axes: axes).squareRoot() } }

    /// - Parameter body: is given the axes in memory, from the end, and how many numbers become one.
    private func reduced(_ body: @escaping @Sendable (Tensor, [Int], Int) -> Tensor) throws -> [GraphValue] {
        let x = try activation(), named = try axesList()
        let isOf = try (named ?? []).isEmpty && integer("noop_with_empty_axes") == 1
        let axes = isOf ? [] : try named.map { try $0.map { try axis($0, of: x.rank) } } ?? Array(0..<x.rank)
        guard !axes.contains(x.batch) else { throw refusal("it mixes images") }
        var shape = x.shape
        for axis in axes { shape[axis] = 1 }
        let places = axes.compactMap { x.place($0) }, count = axes.reduce(1) { $0 * x.shape[$1] }
        let y = builder.emit([.slot(x.slot)], shape, batch: x.batch, order: x.order) { x in
            body(x[0], places, count)
        }
        return [.activation(try integer("keepdims") ?? 1 == 1 ? y : without(y, Set(axes)))]
    }
}
