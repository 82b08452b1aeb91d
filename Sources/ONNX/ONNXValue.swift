import Failures

/// What an ONNX graph takes or gives: a name, and the tensor's type as far as the file says it.
public struct ONNXValue {
    public let name: String
    public let element: ONNXTensor.Element?
    /// Nil for an axis that the file leaves open, such as the batch; no axes where it says nothing.
    public let shape: [Int?]

    init(_ message: ProtocolBuffer) throws {
        var message = message, name = "", element: ONNXTensor.Element?, shape: [Int?] = []
        while let field = try message.next() {
            if field.number == 1 { name = try field.text(message.place) }
            guard field.number == 2 else { continue }
            var type = try field.message(message.place)
            while let kind = try type.next() {
                guard kind.number == 1 else {
                    throw Failure.badInput(
                        "\(message.place): \(name.debugDescription.prefix(80))", "is a sequence, a map or the like",
                        expected: "a tensor")
                }
                var tensor = try kind.message(message.place)
                while let part = try tensor.next() {
                    if part.number == 1 {
                        element = ONNXTensor.Element(rawValue: Int(clamping: try part.integer(message.place)))
                    } else if part.number == 2 {
                        shape = try Self.axes(try part.message(message.place))
                    }
                }
            }
        }
        self.name = name
        self.element = element
        self.shape = shape
    }

    private static func axes(_ shape: ProtocolBuffer) throws -> [Int?] {
        var shape = shape, axes: [Int?] = []
        while let field = try shape.next() {
            guard field.number == 1 else { continue }
            guard axes.count < 16 else { throw shape.damaged("a value of more than 16 axes") }
            var axis = try field.message(shape.place), extent: Int?
            while let part = try axis.next() {
                if part.number == 1 { extent = Int(exactly: try part.integer(shape.place)) }
            }
            axes.append(extent.flatMap { $0 > 0 ? $0 : nil })
        }
        return axes
    }
}
