import Autodiff

/// A table of vectors, one an index, named and initialised as PyTorch's `nn.Embedding`.
public struct Embedding: Sendable {
    let weight: ParameterSlot

    /// Declares a table of `count` rows, standard normal.
    public init(_ count: Int, _ width: Int, in builder: inout ModelBuilder) {
        weight = builder.parameter("weight", [count, width], .normal)
    }

    /// [indices, width]
    public func callAsFunction(_ indices: [Int], _ context: inout ForwardContext) -> Tensor {
        context[weight].rows(at: indices)
    }
}
