import Autodiff

/// A convolution, its normalisation, and the shortcut and activation after it. In inference BatchNorm's statistics are
/// constants, and its scale goes into the filters.
public struct NormalisedConvolution: Layer {
    let convolution: Conv2d
    let norm: any NormalisationLayer
    let activation: Activation?

    /// - Parameter activation: nil for none.
    public init(_ convolution: Conv2d, _ norm: any NormalisationLayer, _ activation: Activation?) {
        self.convolution = convolution
        self.norm = norm
        self.activation = activation
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        self(x, residual: nil, &context)
    }

    /// activation(normalised convolution of x + residual), [..., Ho, Wo, Co].
    public func callAsFunction(_ x: Tensor, residual: Tensor?, _ context: inout ForwardContext) -> Tensor {
        if let (filters, shift) = folded(&context) {
            return x.convolved(
                with: filters, convolution.settings, shift: shift, residual: residual,
                activation: activation?.function ?? .identity)
        }
        let y = convolution(x, &context)
        if let activation { return norm.activated(y, by: activation, residual: residual, &context) }
        let normalised = norm(y, &context)
        return residual.map { normalised + $0 } ?? normalised
    }

    /// The filters with the normalisation's scale in them, and its shift.
    private func folded(_ context: inout ForwardContext) -> (filters: Tensor, shift: Tensor)? {
        guard context.mode == .inference, let norm = norm as? BatchNorm2d, convolution.bias == nil,
            let cache = context.foldedFilters
        else { return nil }
        let filters = context[convolution.weight]
        return cache.value(for: convolution.weight) {
            let (scale, shift) = norm.inferenceAffine(context)
            return (filters * scale.reshaped([filters.shape[0], 1, 1, 1]), shift)
        }
    }
}
