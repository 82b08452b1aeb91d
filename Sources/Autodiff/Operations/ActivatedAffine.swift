import Kernels

/// f^(n)(x scale + shift [+ residual]), where scale and shift hold one number a channel (and, if they have more
/// extents, an image): normalisation, shortcut and activation in one pass over memory. The rule for order n is order
/// n + 1 of the same family.
///
/// Where a convolution made x, its input and filters follow as two more inputs. A recorded pass in which statistics are
/// constants then goes around x: f'(...) w(scale) with the scale multiplied into the filters, once for all classes,
/// takes the place of multiplying, and later of differentiating, every class's cotangent by the scale.
struct ActivatedAffine: Operation {
    let function: ActivationFunction
    let order: Int
    var hasResidual = false
    /// Of the convolution that made x.
    var convolution: ConvolutionSettings?

    var name: String { "affine " + function.rawValue + String(repeating: "'", count: order) }
    var keeps: Kept {
        let convolved: Kept = convolution == nil ? [] : [.input(origin), .input(origin + 1)]
        return switch function {
        case .identity: [.input0, .input1, convolved]
        case .relu: [.input0, .input1, .output, convolved]
        case .gelu, .silu: .inputs
        }
    }

    var gate: Gate? { function == .relu && order == 0 ? .output : nil }

    /// Where the inputs begin of the convolution that made x.
    private var origin: Int { hasResidual ? 4 : 3 }

    func forward(_ x: [Tensor]) -> Tensor {
        let (input, scale, shift) = (x[0], x[1], x[2])
        let channels = input.shape[-1], places = scale.shape.count / channels
        // One place an image, and no other: a scale of [H, C] also broadcasts, but means something else.
        let aligned = places == 1 || scale.shape.rank == input.shape.rank && scale.shape[0] == places
        precondition(
            scale.shape == shift.shape && scale.shape[-1] == channels && aligned
                && Shape.broadcast(input.shape, scale.shape) == input.shape
                && (!hasResidual || x[3].shape == input.shape),
            "\(name): input \(input.shape), scale \(scale.shape), shift \(shift.shape)")
        let outer = places == 1 ? tiles(input.shape) : places
        let sizes = AffineSizes(
            outer: outer, rows: input.shape.count / channels / outer, channels: channels, perOuter: places > 1)
        return Tensor(input.shape, in: input.pool) {
            activatedAffine(
                function, order: order, sizes, input.pointer, scale: scale.pointer, shift: shift.pointer,
                residual: hasResidual ? x[3].pointer : nil, $0)
        }
    }

    /// Images as tiles, so that the activation finds its numbers in cache.
    private func tiles(_ shape: Shape) -> Int { shape.rank > 1 ? max(1, shape[0]) : 1 }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let (scale, ct) = (p.input(1), p.cotangent)
        let goesAround = goesAround(p)
        var result: [Tensor?] = Array(repeating: nil, count: p.inputShapes.count)
        if !goesAround, !hasResidual || !p.wanted[3], !p.wanted[1], !p.wanted[2], let slope = slope(p) {
            // The slope has no class axis: multiplying it with the scale first leaves one pass over the classes.
            result[0] = ct * p.remembered("scaled slope") { slope * scale }
            return result
        }
        let through = throughActivation(p)
        if goesAround {
            for (place, part) in zip([origin, origin + 1], aroundInput(p, through)) { result[place] = part }
        } else if p.wanted[0] {
            result[0] = through * scale
        }
        if p.wanted[1] { result[1] = through.product(p.input(0), fittedTo: p.leadShape + scale.shape, lead: p.lead) }
        if p.wanted[2] { result[2] = through }
        if hasResidual, p.wanted[3] { result[3] = through }
        return result
    }

    func contributions(_ p: Pullback) -> [Contribution?] {
        let scale = p.input(1)
        // One number a channel for all images: of one image's own, the shape may be [1, 1, 1, channels].
        guard p.wanted[0], p.wanted[1], p.wanted[2], scale.shape.rank == 1, p.canDefer else {
            return tensorContributions(p)
        }
        let through = throughActivation(p)
        let moments = through.channelMoments(with: p.input(0), scale.shape)
        var result: [Contribution?] = Array(repeating: nil, count: p.inputShapes.count)
        result[0] = Contribution(scaled: [(through, scale)])
        result[1] = .tensor(moments.product)
        result[2] = .tensor(moments.sum)
        if hasResidual, p.wanted[3] { result[3] = .tensor(through) }
        return result
    }

    func onRows(_ cut: RowCut) -> (any Operation)? {
        let isConvolved = convolution == nil || cut.follows(origin, before: 3) && !cut.follows(origin + 1)
        return [0, 1, 2].allSatisfy { cut.isAligned($0) } && cut.follows(0) && cut.follows(1) == cut.follows(2)
            && (!hasResidual || cut.follows(3)) && isConvolved ? self : nil
    }

    func route(_ p: Pullback) -> Route { goesAround(p) ? Route(bypassed: 0, completed: origin) : Route() }

    private func goesAround(_ p: Pullback) -> Bool {
        convolution != nil && p.statistics == .frozen && p.isRecording && !p.isVariable[0]
    }

    /// What the convolution that made input 0 hands on to its own input and filters.
    private func aroundInput(_ p: Pullback, _ through: Tensor) -> [Tensor?] {
        guard let convolution else { return [] }
        let filters = p.input(origin + 1), scale = p.input(1).reshaped([filters.shape[0], 1, 1, 1])
        return [
            p.wanted[origin]
                ? ConvolutionInputGradient(settings: convolution, input: p.inputShapes[origin])
                    .applied(to: through, p.remembered("scaled filters") { filters * scale }, p.epilogue) : nil,
            p.wanted[origin + 1]
                ? p.perLeadingIndex(of: through) {
                    apply(
                        ConvolutionWeightGradient(settings: convolution, filters: filters.shape), [$0, p.input(origin)])
                        * scale
                } : nil,
        ]
    }

    /// The cotangent times the activation's slope.
    private func throughActivation(_ p: Pullback) -> Tensor {
        switch (function, order) {
        case (.identity, 0): p.cotangent
        // Positive exactly where the output is, and a constant.
        case (.relu, 0): p.gatedCotangent
        default: slope(p).map { p.cotangent * $0 } ?? p.cotangent
        }
    }

    /// The derivative of the next order at the same place, where it is a tensor of its own.
    private func slope(_ p: Pullback) -> Tensor? {
        switch (function, order) {
        case (.identity, 0), (.relu, 0): nil
        default:
            p.remembered("slope") {
                apply(
                    ActivatedAffine(function: function, order: order + 1, hasResidual: hasResidual),
                    (0..<origin).map(p.input))
            }
        }
    }
}

extension Tensor {
    /// f(self scale + shift + residual) with one scale and shift a channel, or a channel and image.
    public func activatedAffine(
        _ function: ActivationFunction, scale: Tensor, shift: Tensor, residual: Tensor? = nil
    ) -> Tensor {
        var operation = ActivatedAffine(function: function, order: 0, hasResidual: residual != nil)
        var inputs = [self, scale, shift] + [residual].compactMap(\.self)
        if let made = node?.convolution, scale.shape.count == shape[-1] {
            operation.convolution = made.settings
            inputs += [made.input, made.filters]
        }
        return apply(operation, inputs)
    }
}

extension Node {
    /// The convolution that this node is, with its inputs.
    fileprivate var convolution: (settings: ConvolutionSettings, input: Tensor, filters: Tensor)? {
        guard let operation = operation as? Convolution, let input = self.input(0, attached: true),
            let filters = self.input(1, attached: true)
        else { return nil }
        return (operation.settings, input, filters)
    }
}
