import Kernels

/// An operation that multiplies its first two inputs, in sums of products: what `Execution.products` is about.
protocol FactorOperation: Operation {
    /// Whether the second input is filters or weights, which many products share.
    var hasFilters: Bool { get }
    /// What the convolution engine carries out for such inputs, if anything: its methods may round factors by themselves.
    func convolution(of inputs: [Shape]) -> EngineConvolution?
    /// Whether factors of such inputs are rounded on their way into the product.
    func roundsFactors(_ inputs: [Shape], in execution: Execution) -> Bool
}

/// One pass of a convolution.
struct EngineConvolution {
    let geometry: ConvolutionGeometry
    let operation: ConvolutionOperation
}

extension FactorOperation {
    func convolution(of inputs: [Shape]) -> EngineConvolution? { nil }
    func roundsFactors(_ inputs: [Shape], in execution: Execution) -> Bool {
        convolution(of: inputs).map { execution.convolution.method($0.geometry, $0.operation).roundsFactors } ?? false
    }
}

extension Execution {
    /// The inputs of an operation as it is to be carried out: factors of products in the precision of products.
    func prepared(_ inputs: [Tensor], of operation: some Operation) -> [Tensor] {
        guard products != .float32, let operation = operation as? any FactorOperation,
            !operation.roundsFactors(inputs.map(\.shape), in: self)
        else { return inputs }
        var prepared = inputs
        prepared[0] = factor(inputs[0])
        prepared[1] = operation.hasFilters ? filters(inputs[1]) : factor(inputs[1])
        return prepared
    }

    /// A factor in the precision of products.
    func factor(_ x: Tensor) -> Tensor {
        switch products {
        case .float32: x
        case .bfloat16: Tensor(shape: x.shape, storage: roundedToBFloat16(x.storage))
        }
    }

    /// The same of filters, rounded once for all products while prepared filters are kept.
    func filters(_ x: Tensor) -> Tensor {
        switch products {
        case .float32: x
        case .bfloat16:
            Tensor(shape: x.shape, storage: x.storage.preparedFilters(.bfloat16) { roundedToBFloat16(x.storage) })
        }
    }

    private func roundedToBFloat16(_ storage: Storage) -> Storage {
        let rounded = Storage(count: storage.count, in: storage.pool)
        roundToBFloat16(storage.count, storage.pointer, rounded.pointer)
        return rounded
    }
}
