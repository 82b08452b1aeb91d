import ONNX

/// A layer that can be written as nodes of an ONNX graph.
public protocol ExportableLayer: Layer {
    /// Writes the layer on `x`. Throws what a layer throws that this one is made of and that cannot be written.
    func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue
}

extension Conv2d: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        let operands = [graph.parameter(weight)] + (bias.map { [graph.parameter($0)] } ?? [])
        let extents = Array(x.shape[1...]).map { ($0 + 2 * settings.padding - kernel) / settings.stride + 1 }
        return graph.node(
            "Conv", x, operands,
            [
                ("kernel_shape", .integers([kernel, kernel])),
                ("strides", .integers([settings.stride, settings.stride])),
                ("pads", .integers(Array(repeating: settings.padding, count: 4))),
            ], shape: [outChannels] + extents)
    }
}

extension Linear: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        let shape = Array(x.shape.dropLast()) + [outputs]
        let (weight, bias) = (graph.parameter(weight), graph.parameter(bias))
        if x.shape.count == 1 {
            return graph.node("Gemm", x, [weight, bias], [("transB", .integer(1))], shape: shape)
        }
        let turned = graph.transposedMatrix(weight)
        return graph.node("Add", graph.node("MatMul", x, [turned], shape: shape), [bias])
    }
}

extension ExportedGraph {
    fileprivate mutating func transposedMatrix(_ name: String) -> String {
        node("Transpose", ExportedValue(name: name, shape: []), [], [("perm", .integers([1, 0]))], shape: []).name
    }
}

extension Activation: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        switch self {
        case .relu: return graph.node("Relu", x)
        case .silu: return graph.node("Mul", x, [graph.node("Sigmoid", x).name])
        case .gelu:
            // x Phi(x)
            let scaled = graph.node("Div", x, [graph.number(Float(2).squareRoot())])
            let distribution = graph.node("Add", graph.node("Erf", scaled), [graph.number(1)])
            return graph.node("Mul", graph.node("Mul", x, [distribution.name]), [graph.number(0.5)])
        }
    }
}

extension Sequential: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) throws -> ExportedValue {
        try layers.reduce(x) { x, layer in try graph.export(layer, x) }
    }
}

extension InputNormalisation: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        if isIdentity { return x }
        let shape = [mean.count, 1, 1]
        let centred = graph.node("Sub", x, [graph.constant(shape, mean.map { Float($0) })])
        return graph.node(
            "Mul", centred, [graph.constant(shape, deviation.map { Float(1 / $0) })])
    }
}

extension GlobalAveragePool: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        graph.node("Flatten", graph.node("GlobalAveragePool", x), shape: [x.shape[0]])
    }
}

extension Flatten: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        graph.node("Flatten", x, shape: [x.shape.reduce(1, *)])
    }
}

extension SelfAttention: ExportableLayer {
    public func export(_ x: ExportedValue, to graph: inout ExportedGraph) -> ExportedValue {
        export(x, to: x, in: &graph)
    }

    /// The attention of tokens to others.
    public func export(_ x: ExportedValue, to others: ExportedValue, in graph: inout ExportedGraph) -> ExportedValue {
        let width = x.shape[1], head = width / heads
        func split(_ t: ExportedValue, _ order: [Int], _ graph: inout ExportedGraph) -> ExportedValue {
            graph.transposed(graph.reshaped(t, [t.shape[0], heads, head]), order)
        }
        let queries = split(query.export(x, to: &graph), [0, 2, 1, 3], &graph)
        let keys = split(key.export(others, to: &graph), [0, 2, 3, 1], &graph)
        let values = split(value.export(others, to: &graph), [0, 2, 1, 3], &graph)
        let (tokens, count) = (x.shape[0], others.shape[0])
        let scores = graph.node("MatMul", queries, [keys.name], shape: [heads, tokens, count])
        let scaled = graph.node("Mul", scores, [graph.number(1 / Float(width).squareRoot())])
        let weights = graph.node("Softmax", scaled, [], [("axis", .integer(-1))])
        let mixed = graph.node("MatMul", weights, [values.name], shape: [heads, tokens, head])
        return output.export(graph.reshaped(graph.transposed(mixed, [0, 2, 1, 3]), [tokens, width]), to: &graph)
    }
}
