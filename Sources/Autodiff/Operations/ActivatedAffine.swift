import Kernels

/// f^(n)(x scale + shift [+ residual]), where scale and shift hold one number a channel (and, if they have more
/// extents, an image): normalisation, shortcut and activation in one pass over memory. The rule for order n is order
/// n + 1 of the same family.
struct ActivatedAffine: Operation {
    let function: ActivationFunction
    let order: Int

    var name: String { "affine " + function.rawValue + String(repeating: "'", count: order) }
    var keeps: Kept {
        switch function {
        case .identity: [.input0, .input1]
        case .relu: [.input0, .input1, .output]
        case .gelu, .silu: .inputs
        }
    }

    func forward(_ x: [Tensor]) -> Tensor {
        let (input, scale, shift) = (x[0], x[1], x[2])
        let channels = input.shape[-1], places = scale.shape.count / channels
        // One place an image, and no other: a scale of [H, C] also broadcasts, but means something else.
        let aligned = places == 1 || scale.shape.rank == input.shape.rank && scale.shape[0] == places
        precondition(
            scale.shape == shift.shape && scale.shape[-1] == channels && aligned
                && Shape.broadcast(input.shape, scale.shape) == input.shape
                && (x.count < 4 || x[3].shape == input.shape),
            "\(name): input \(input.shape), scale \(scale.shape), shift \(shift.shape)")
        let outer = places == 1 ? tiles(input.shape) : places
        let sizes = AffineSizes(
            outer: outer, rows: input.shape.count / channels / outer, channels: channels, perOuter: places > 1)
        return Tensor(input.shape, in: input.pool) {
            activatedAffine(
                function, order: order, sizes, input.pointer, scale: scale.pointer, shift: shift.pointer,
                residual: x.count > 3 ? x[3].pointer : nil, $0)
        }
    }

    /// Images as tiles, so that the activation finds its numbers in cache.
    private func tiles(_ shape: Shape) -> Int { shape.rank > 1 ? max(1, shape[0]) : 1 }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let (x, scale, ct) = (p.input(0), p.input(1), p.cotangent)
        let hasResidual = p.inputShapes.count > 3
        let slope = slope(p)
        var result: [Tensor?] = Array(repeating: nil, count: p.inputShapes.count)
        let through = hasResidual && p.wanted[3] || p.wanted[1] || p.wanted[2] ? slope.map { ct * $0 } ?? ct : nil
        if p.wanted[0] {
            // The slope has no class axis: multiplying it with the scale first leaves one pass over the classes.
            result[0] = through.map { $0 * scale }
                ?? ct * (slope.map { slope in p.remembered("scaled slope") { slope * scale } } ?? scale)
        }
        guard let through else { return result }
        if p.wanted[1] { result[1] = through.product(x, fittedTo: p.leadShape + scale.shape, lead: p.lead) }
        if p.wanted[2] { result[2] = through }
        if hasResidual, p.wanted[3] { result[3] = through }
        return result
    }

    /// The derivative of the next order at the same place; nil for the constant 1.
    private func slope(_ p: Pullback) -> Tensor? {
        switch (function, order) {
        case (.identity, 0): nil
        case (.relu, 0):
            // Positive exactly where the output is, and a constant.
            p.remembered("slope") {
                Tensor(p.outputShape, in: p.cotangent.pool) {
                    positiveMask(p.outputShape.count, p.output.pointer, $0)
                }
            }
        default:
            p.remembered("slope") {
                apply(ActivatedAffine(function: function, order: order + 1), p.inputShapes.indices.map(p.input))
            }
        }
    }
}

extension Tensor {
    /// f(self scale + shift + residual) with one scale and shift a channel, or a channel and image.
    public func activatedAffine(
        _ function: ActivationFunction, scale: Tensor, shift: Tensor, residual: Tensor? = nil
    ) -> Tensor {
        apply(ActivatedAffine(function: function, order: 0), [self, scale, shift] + (residual.map { [$0] } ?? []))
    }
}
