import Autodiff

/// A normalisation and the activation after it, in one pass where it can be.
public struct ActivatedNormalisation: Layer {
    let norm: any NormalisationLayer
    let activation: Activation

    public init(_ norm: any NormalisationLayer, _ activation: Activation) {
        self.norm = norm
        self.activation = activation
    }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        norm.activated(x, by: activation, residual: nil, &context)
    }
}
