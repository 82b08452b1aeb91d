import Failures
import Kernels
import ONNX

extension ExportedGraph {
    /// Writes any layer. Throws `usage` for one that has no form in ONNX.
    public mutating func export(_ layer: any Layer, _ x: ExportedValue) throws -> ExportedValue {
        guard let layer = layer as? any ExportableLayer else {
            throw Failure(.usage, "a network with \(type(of: layer)) cannot be written as ONNX")
        }
        return try layer.export(x, to: &self)
    }
}

extension BatchNorm2d: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        let operands = [
            graph.parameter(weight), graph.parameter(bias), graph.mean(running), graph.variance(running),
        ]
        return graph.node("BatchNormalization", x, operands, [("epsilon", .float(Float(Self.epsilon)))])
    }
}

extension GroupNorm: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        let channels = x.shape[0]
        let ones = graph.constant([groups], Array(repeating: 1, count: groups))
        let zeros = graph.constant([groups], Array(repeating: 0, count: groups))
        let grouped = graph.reshaped(x, [groups, x.shape.reduce(1, *) / groups])
        let normalised = graph.reshaped(
            graph.node("InstanceNormalization", grouped, [ones, zeros], [("epsilon", .float(Float(epsilon)))]), x.shape)
        let scaled = graph.node("Mul", normalised, [graph.column(weight, channels)])
        return graph.node("Add", scaled, [graph.column(bias, channels)])
    }
}

extension ExportedGraph {
    /// One number a channel, beside images.
    fileprivate mutating func column(_ slot: ParameterSlot, _ channels: Int) -> String {
        let shape = integers([channels, 1, 1])
        return node("Reshape", ExportedValue(name: parameter(slot), shape: []), [shape]).name
    }
}

extension LayerNorm: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        let isImage = x.shape.count == 3, operands = [graph.parameter(weight), graph.parameter(bias)]
        let rows = isImage ? graph.transposed(x, [0, 2, 3, 1]) : x
        let y = graph.node(
            "LayerNormalization", rows, operands, [("axis", .integer(-1)), ("epsilon", .float(Float(Self.epsilon)))])
        return isImage ? graph.transposed(y, [0, 3, 1, 2]) : y
    }
}

extension NoNormalisation: ExportableLayer {
    func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue { x }
}

extension NormalisedConvolution: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        try export(x, residual: nil, to: &graph)
    }

    /// activation(normalised convolution of x + residual)
    public func export(
        _ x: ExportedValue, residual: ExportedValue?, to graph: inout ExportedGraph
    ) throws -> ExportedValue {
        let normalised = try graph.export(norm, convolution.export(x, to: &graph))
        let sum = residual.map { graph.sum(normalised, $0) } ?? normalised
        return activation?.export(sum, to: &graph) ?? sum
    }
}

extension ActivatedNormalisation: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        activation.export(try graph.export(norm, x), to: &graph)
    }
}
