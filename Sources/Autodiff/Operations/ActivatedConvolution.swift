import Kernels

/// f(x * w + shift [+ residual]) with one shift a channel, for an f whose output says what its slope is: a convolution,
/// its normalisation by constants, which are multiplied into the filters, shortcut and activation in one pass.
struct ActivatedConvolution: FactorOperation {
    let settings: ConvolutionSettings
    let rectifies: Bool
    var hasResidual = false

    let name = "activated convolution", hasFilters = true
    var keeps: Kept { rectifies ? [.factors, .output] : .factors }
    var gate: Gate? { rectifies ? .output : nil }

    func forward(_ x: [Tensor]) -> Tensor {
        let residual = hasResidual ? x[3] : nil
        return settings.convolve(x[0], x[1]) { shape in
            precondition(
                x[2].shape.count == shape[-1] && x[2].shape[-1] == shape[-1]
                    && (residual.map { $0.shape == shape } ?? true),
                "\(name): result \(shape), shift \(x[2].shape), residual \(residual?.shape ?? [])")
            return ConvolutionEpilogue(shift: x[2].pointer, addend: residual?.pointer, rectifies: rectifies)
        }
    }
    func route(_ p: Pullback) -> Route { Route(completed: 0) }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let cotangent = p.gatedCotangent
        return settings.productRule(p, cotangent) + [p.wanted[2] ? cotangent : nil] + (hasResidual ? [cotangent] : [])
    }
    func convolution(of inputs: [Shape]) -> EngineConvolution? {
        EngineConvolution(geometry: settings.geometry(input: inputs[0], filters: inputs[1]), operation: .forward)
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0, before: 3) && !cut.follows(1) && !cut.follows(2) && (!hasResidual || cut.follows(3)) ? self : nil
    }
}

extension Tensor {
    /// activation(self convolved with filters + shift + residual); the shift is one number a channel.
    public func convolved(
        with filters: Tensor, _ settings: ConvolutionSettings, shift: Tensor, residual: Tensor? = nil,
        activation: ActivationFunction
    ) -> Tensor {
        let operation = ActivatedConvolution(
            settings: settings, rectifies: activation == .relu, hasResidual: residual != nil)
        let result = apply(operation, [self, filters, shift] + [residual].compactMap(\.self))
        return switch activation {
        case .identity, .relu: result
        case .gelu: result.activated(by: .gelu)
        case .silu: result.activated(by: .silu)
        }
    }
}
