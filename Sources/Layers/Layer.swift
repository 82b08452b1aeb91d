import Autodiff

/// A part of a network: a value that knows its sizes and where its parameters stand, not their numbers.
public protocol Layer: Sendable {
    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor
}
