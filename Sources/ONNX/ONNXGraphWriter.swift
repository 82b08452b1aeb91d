/// An ONNX file as it is put together: nodes in the order in which they are carried out.
public struct ONNXGraphWriter {
    /// A setting of a node.
    public enum Setting {
        case integer(Int)
        case integers([Int])
        case float(Float)
        case tensor([Int], [Float])
    }

    /// The version of ONNX's operators that nodes are of.
    public static let operatorSet = 17

    private(set) var nodes: [[UInt8]] = []
    private var constants: [[UInt8]] = []
    private var names: Set<String> = []
    private var count = 0

    public init() {}

    /// Adds a node; returns the name of its output.
    public mutating func node(
        _ operation: String, _ inputs: [String], _ settings: [(String, Setting)] = [], output: String? = nil
    ) -> String {
        let output = output ?? fresh(operation)
        var node = ProtocolBufferWriter()
        for input in inputs { node.bytes(1, input.utf8) }
        node.bytes(2, output.utf8)
        node.bytes(3, output.utf8)
        node.bytes(4, operation.utf8)
        for (name, setting) in settings { node.bytes(5, Self.attribute(name, setting)) }
        nodes.append(node.bytes)
        return output
    }

    /// Adds numbers under a name, once; returns it.
    @discardableResult
    public mutating func constant(_ name: String, _ shape: [Int], _ numbers: [Float]) -> String {
        guard names.insert(name).inserted else { return name }
        constants.append(Self.tensor(name, shape, numbers))
        return name
    }

    /// Adds numbers that are no parameter; returns their name.
    public mutating func constantNode(_ shape: [Int], _ numbers: [Float], output: String? = nil) -> String {
        node("Constant", [], [("value", .tensor(shape, numbers))], output: output)
    }

    /// Adds integers; returns their name.
    public mutating func integers(_ numbers: [Int]) -> String {
        let name = fresh("integers")
        constants.append(
            Self.tensor(name, [numbers.count], type: 7) { raw in
                numbers.forEach { raw.fixed(UInt64(bitPattern: Int64($0))) }
            })
        return name
    }

    private mutating func fresh(_ word: String) -> String {
        count += 1
        return "\(word)_\(count)"
    }

    /// The whole file: images [batch] + `input` under the name `image`, and rows [batch, classes] under `logits`, which is
    /// what the node gives that made it.
    public func file(input: [Int], classes: Int, producer: (name: String, version: String)) -> [UInt8] {
        var graph = ProtocolBufferWriter()
        for node in nodes { graph.bytes(1, node) }
        graph.bytes(2, "network".utf8)
        for constant in constants { graph.bytes(5, constant) }
        graph.bytes(11, Self.value("image", input))
        graph.bytes(12, Self.value("logits", [classes]))
        var operators = ProtocolBufferWriter(), model = ProtocolBufferWriter()
        operators.bytes(1, "".utf8)
        operators.integer(2, UInt64(Self.operatorSet))
        model.integer(1, 8)
        model.bytes(2, producer.name.utf8)
        model.bytes(3, producer.version.utf8)
        model.bytes(7, graph.bytes)
        model.bytes(8, operators.bytes)
        return model.bytes
    }

    private static func attribute(_ name: String, _ setting: Setting) -> [UInt8] {
        var attribute = ProtocolBufferWriter()
        attribute.bytes(1, name.utf8)
        switch setting {
        case .integer(let value):
            attribute.integer(3, UInt64(bitPattern: Int64(value)))
            attribute.integer(20, 2)
        case .integers(let values):
            for value in values { attribute.integer(8, UInt64(bitPattern: Int64(value))) }
            attribute.integer(20, 7)
        case .float(let value):
            attribute.float(2, value)
            attribute.integer(20, 1)
        case .tensor(let shape, let values):
            attribute.bytes(5, tensor("", shape, values))
            attribute.integer(20, 4)
        }
        return attribute.bytes
    }

    static func tensor(_ name: String, _ shape: [Int], _ numbers: [Float]) -> [UInt8] {
        tensor(name, shape, type: 1) { raw in numbers.forEach { raw.fixed($0.bitPattern) } }
    }

    private static func tensor(
        _ name: String, _ shape: [Int], type: UInt64, _ fill: (inout ProtocolBufferWriter) -> Void
    ) -> [UInt8] {
        var tensor = ProtocolBufferWriter(), raw = ProtocolBufferWriter()
        for extent in shape { tensor.integer(1, UInt64(extent)) }
        tensor.integer(2, type)
        tensor.bytes(8, name.utf8)
        fill(&raw)
        tensor.bytes(9, raw.bytes)
        return tensor.bytes
    }

    /// Of floats, with a free batch axis.
    private static func value(_ name: String, _ shape: [Int]) -> [UInt8] {
        var axes = ProtocolBufferWriter(), batch = ProtocolBufferWriter()
        batch.bytes(2, "batch".utf8)
        axes.bytes(1, batch.bytes)
        for extent in shape {
            var axis = ProtocolBufferWriter()
            axis.integer(1, UInt64(extent))
            axes.bytes(1, axis.bytes)
        }
        var tensor = ProtocolBufferWriter(), type = ProtocolBufferWriter(), value = ProtocolBufferWriter()
        tensor.integer(1, 1)
        tensor.bytes(2, axes.bytes)
        type.bytes(1, tensor.bytes)
        value.bytes(1, name.utf8)
        value.bytes(2, type.bytes)
        return value.bytes
    }
}
