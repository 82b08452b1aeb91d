import Autodiff
import Kernels
import ONNX

/// A network while its layers are written to an ONNX file.
public struct ExportedGraph {
    /// The numbers of a parameter or statistic under the name and in the shape that files have.
    public struct Numbers {
        let name: String
        let shape: [Int]
        let values: [Float]

        public init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    public private(set) var writer = ONNXGraphWriter()
    private let parameters: [Numbers]
    private let running: [(mean: Numbers, variance: Numbers)]

    /// In the order of declaration.
    public init(parameters: [Numbers], running: [(mean: Numbers, variance: Numbers)]) {
        self.parameters = parameters
        self.running = running
    }

    /// Adds a node whose first input is `x`, and whose result has a shape, without the batch.
    public mutating func node(
        _ operation: String, _ x: ExportedValue, _ others: [String] = [],
        _ settings: [(String, ONNXGraphWriter.Setting)] = [], shape: [Int]? = nil
    ) -> ExportedValue {
        ExportedValue(name: writer.node(operation, [x.name] + others, settings), shape: shape ?? x.shape)
    }

    public mutating func parameter(_ slot: ParameterSlot) -> String { add(parameters[slot.index]) }
    mutating func mean(_ slot: StatisticsSlot) -> String { add(running[slot.index].mean) }
    mutating func variance(_ slot: StatisticsSlot) -> String { add(running[slot.index].variance) }

    private mutating func add(_ numbers: Numbers) -> String {
        writer.constant(numbers.name, numbers.shape, numbers.values)
    }

    /// Numbers that are no parameter.
    public mutating func constant(_ shape: [Int], _ values: [Float]) -> String { writer.constantNode(shape, values) }

    /// One number.
    public mutating func number(_ value: Float) -> String { constant([], [value]) }

    /// x under the name of the graph's result.
    public mutating func finish(_ x: ExportedValue, as name: String) -> String {
        writer.node("Identity", [x.name], output: name)
    }

    /// A list of integers, such as a shape.
    public mutating func integers(_ numbers: [Int]) -> String { writer.integers(numbers) }

    /// x under another shape.
    public mutating func reshaped(_ x: ExportedValue, _ shape: [Int]) -> ExportedValue {
        let target = integers([0] + shape)
        return node("Reshape", x, [target], shape: shape)
    }

    /// x with its axes in another order; axis 0 is the batch's, and stays.
    public mutating func transposed(_ x: ExportedValue, _ order: [Int]) -> ExportedValue {
        node("Transpose", x, [], [("perm", .integers(order))], shape: order.dropFirst().map { x.shape[$0 - 1] })
    }

    public mutating func sum(_ x: ExportedValue, _ y: ExportedValue) -> ExportedValue { node("Add", x, [y.name]) }
}

/// What a layer gives in an ONNX graph.
public struct ExportedValue {
    public let name: String
    /// Without the batch: [C, H, W] of images, [tokens, width] or [width] of rows.
    public let shape: [Int]

    public init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}
