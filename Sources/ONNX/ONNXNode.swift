import Failures

/// An operation of an ONNX graph.
public struct ONNXNode {
    /// A setting of an operation.
    public enum Attribute {
        case float(Float)
        case integer(Int64)
        case text(String)
        case tensor(ONNXTensor)
        case floats([Float])
        case integers([Int64])
    }

    public let name: String
    /// Such as `Conv`.
    public let operation: String
    /// Empty for ONNX's own operators.
    public let domain: String
    /// Empty names are inputs that are left out.
    public let inputs: [String]
    public let outputs: [String]
    public let attributes: [String: Attribute]

    /// Throws `badInput` for graphs within the operation, which are control flow.
    init(_ message: ProtocolBuffer) throws {
        var message = message, name = "", operation = "", domain = ""
        var inputs: [String] = [], outputs: [String] = [], settings: [ProtocolBuffer] = []
        while let field = try message.next() {
            switch field.number {
            case 1: inputs.append(try field.text(message.place))
            case 2: outputs.append(try field.text(message.place))
            case 3: name = try field.text(message.place)
            case 4: operation = try field.text(message.place)
            case 5: settings.append(try field.message(message.place))
            case 7: domain = try field.text(message.place)
            default: break
            }
        }
        let title = "\(operation.debugDescription.prefix(80)) \(name.debugDescription.prefix(80))"
        guard !operation.isEmpty else { throw message.damaged("a node \(title) without an operator") }
        var attributes: [String: Attribute] = [:]
        for setting in settings {
            let (key, value) = try Self.attribute(setting, of: "\(message.place): node \(title)")
            guard attributes.updateValue(value, forKey: key) == nil else {
                throw message.damaged("node \(title) has the attribute \(key.debugDescription.prefix(80)) twice")
            }
        }
        self.name = name
        self.operation = operation
        self.domain = domain == "ai.onnx" ? "" : domain
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }

    private static func attribute(_ message: ProtocolBuffer, of place: String) throws -> (String, Attribute) {
        var message = message, key = "", value: Attribute?, type: Int64?
        var floats: [Float] = [], integers: [Int64] = []
        while let field = try message.next() {
            switch field.number {
            case 1: key = try field.text(place)
            case 2: value = .float(try field.float(place))
            case 3: value = .integer(try field.integer(place))
            case 4: value = .text(String(decoding: try field.bytes(place), as: UTF8.self))
            case 5: value = .tensor(try ONNXTensor(try field.message(place)))
            case 7: floats += try field.floats(place)
            case 8: integers += try field.integers(place)
            case 6, 11:
                throw Failure.badInput(place, "is control flow: it has a graph within", expected: "plain operators")
            case 9, 10, 14, 15, 22, 23:
                throw Failure.badInput(
                    place,
                    "attribute \(key.debugDescription.prefix(80)) is a list of texts or tensors, a type, or sparse",
                    expected: "numbers, a text or a tensor")
            case 20: type = try field.integer(place)
            default: break
            }
        }
        // A list may be empty, so the type says what it is of.
        let list: Attribute = type == 6 || !floats.isEmpty ? .floats(floats) : .integers(integers)
        return (key, value ?? list)
    }
}
