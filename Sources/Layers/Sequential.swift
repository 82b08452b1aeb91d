import Autodiff

/// Layers one after the other.
public struct Sequential: Layer {
    let layers: [any Layer]
    /// The first layer is given the input.
    public init(_ layers: [any Layer]) { self.layers = layers }
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        layers.reduce(x) { $1($0, &context) }
    }
}
