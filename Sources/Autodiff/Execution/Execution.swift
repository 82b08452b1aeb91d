import Kernels
import Tracing

/// How operations on tensors are carried out, and who looks on. It goes with the pool that the tensors are in, as there
/// is no ambient one.
public final class Execution: Sendable {
    /// Is shown every operation with its inputs and its result.
    public typealias Observer = @Sendable (any Operation, _ inputs: [Tensor], _ result: Tensor) -> Void

    /// How convolutions are computed.
    let convolution: ConvolutionEngine
    /// In which precision the factors of convolutions, linear layers and attention are multiplied.
    public let products: ProductPrecision
    /// What multiplies them where they are rounded.
    let unit: BFloat16Unit
    /// The forms of filters that convolutions have prepared.
    public let preparedFilters = PreparedFilters()
    /// Where the time of every operation is noted, if anywhere.
    public let trace: SpanRecorder?
    /// What searches results for numbers that are not finite, if anything. Slow; for debugging.
    public let trap: NonFiniteTrap?
    let observer: Observer?

    /// An execution that computes convolutions as the user prefers, watched by those that are given.
    /// - Parameter unit: what multiplies bfloat16; one that the processor lacks is emulated, slowly.
    public init(
        convolution: ConvolutionPreference = .auto, products: ProductPrecision = .float32,
        unit: BFloat16Unit = .best, trace: SpanRecorder? = nil,
        trap: NonFiniteTrap? = nil, observer: Observer? = nil
    ) {
        self.unit = products == .bfloat16 ? unit : .none
        self.convolution = ConvolutionEngine(convolution, unit: self.unit)
        self.products = products
        self.trace = trace
        self.trap = trap
        self.observer = observer
    }
}

extension Tensor {
    /// How operations on this tensor are carried out.
    var execution: Execution { pool.execution }
}

/// Runs an operation and records it if a gradient may flow through.
func apply(_ operation: some Operation, _ inputs: [Tensor]) -> Tensor {
    let constants = inputs.map(\.detached), execution = inputs[0].execution
    let value = compute(operation.name, inputs) { [operation.forward(execution.prepared(constants, of: operation))] }[0]
    execution.observer?(operation, constants, value)
    guard inputs.contains(where: \.isRecorded) else { return value }
    return Tensor(
        shape: value.shape, storage: value.storage,
        node: Node(operation, inputs: inputs, output: value.storage, shape: value.shape))
}

/// Computes in view of the timeline and of whoever looks for numbers that are not finite.
func compute(_ name: String, _ inputs: [Tensor], _ body: () -> [Tensor]) -> [Tensor] {
    let execution = inputs[0].execution
    let values = execution.trace.span(
        .operation, name, detail: inputs.map(\.shape.description).joined(separator: " "), body)
    execution.trap?.inspect(values, of: name)
    return values
}
