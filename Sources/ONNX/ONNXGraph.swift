import Failures

/// The operations of an ONNX file in the order in which they can be carried out.
public struct ONNXGraph {
    public let nodes: [ONNXNode]
    /// Constants by name.
    public let constants: [String: ONNXTensor]
    /// What the graph takes besides its constants.
    public let inputs: [ONNXValue]
    public let outputs: [ONNXValue]

    private static let mostNodes = 1 << 20

    /// Throws `badInput` where a value is made twice, or taken before it is made: so there is no cycle.
    init(_ message: ProtocolBuffer) throws {
        var message = message, nodes: [ONNXNode] = [], constants: [String: ONNXTensor] = [:]
        var inputs: [ONNXValue] = [], outputs: [ONNXValue] = []
        let place = message.place
        while let field = try message.next() {
            switch field.number {
            case 1:
                guard nodes.count < Self.mostNodes else { throw message.damaged("more than \(Self.mostNodes) nodes") }
                nodes.append(try ONNXNode(try field.message(place)))
            case 5:
                let tensor = try ONNXTensor(try field.message(place))
                guard constants.updateValue(tensor, forKey: tensor.name) == nil else {
                    throw message.damaged("two constants are called \(tensor.name.debugDescription.prefix(80))")
                }
            case 11: inputs.append(try ONNXValue(try field.message(place)))
            case 12: outputs.append(try ONNXValue(try field.message(place)))
            case 15: throw Failure.badInput(place, "has sparse constants", expected: "dense ones")
            default: break
            }
        }
        // Older files list constants among the inputs, too.
        self.inputs = inputs.filter { constants[$0.name] == nil }
        self.outputs = outputs
        self.nodes = nodes
        self.constants = constants
        try requireOrder(place)
    }

    private func requireOrder(_ place: String) throws {
        var known = Set(inputs.map(\.name)).union(constants.keys)
        for node in nodes {
            let title = "node \(node.operation.debugDescription.prefix(80)) \(node.name.debugDescription.prefix(80))"
            for input in node.inputs where !input.isEmpty && !known.contains(input) {
                throw Failure.badInput(
                    place, "\(title) takes \(input.debugDescription.prefix(80)), which nothing before it makes",
                    expected: "nodes in the order in which they can be carried out")
            }
            for output in node.outputs where !output.isEmpty && !known.insert(output).inserted {
                throw Failure.badInput(
                    place, "\(title) makes \(output.debugDescription.prefix(80)), which is there before",
                    expected: "a name for each value")
            }
        }
        if let output = outputs.first(where: { !known.contains($0.name) }) {
            throw Failure.badInput(place, "nothing makes its output \(output.name.debugDescription.prefix(80))")
        }
    }
}
