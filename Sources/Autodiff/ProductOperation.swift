import Kernels

/// An operation whose work is matrix products, or a convolution: what an `Execution.Observer` counts.
public protocol ProductOperation: Operation {
    /// Multiplications for inputs of such shapes, as the direct method makes them. An addition belongs to each.
    func multiplications(_ inputs: [Shape]) -> Int
}

/// An operation that is one pass of a convolution.
public protocol ConvolvingOperation: ProductOperation {
    func geometry(_ inputs: [Shape]) -> ConvolutionGeometry
}

extension ConvolvingOperation {
    public func multiplications(_ inputs: [Shape]) -> Int { geometry(inputs).multiplications }
}
