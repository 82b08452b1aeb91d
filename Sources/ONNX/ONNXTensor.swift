import Failures

/// A constant tensor of an ONNX file.
public struct ONNXTensor {
    /// Element types by the numbers that the format gives them.
    public enum Element: Int, Sendable, CaseIterable {
        case float32 = 1
        case uint8 = 2
        case int8 = 3
        case uint16 = 4
        case int16 = 5
        case int32 = 6
        case int64 = 7
        case bool = 9
        case float16 = 10
        case float64 = 11
        case uint32 = 12
        case uint64 = 13
        case bfloat16 = 16

        public var bytes: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16, .float16, .bfloat16: 2
            case .float32, .int32, .uint32: 4
            case .float64, .int64, .uint64: 8
            }
        }
    }

    public let name: String
    public let shape: [Int]
    public let element: Element
    /// Whether its numbers stand in another file.
    public let isExternal: Bool
    /// Numbers of the tensor.
    public let count: Int

    /// Throws `badInput` where what is there is not what the shape claims.
    init(_ message: ProtocolBuffer) throws {
        var message = message, name = "", dimensions: [Int64] = [], type: Int64 = 0, location: Int64 = 0
        var raw: Int?, listed = 0
        while let field = try message.next() {
            let place = message.place
            switch field.number {
            case 1: dimensions += try field.integers(place)
            case 2: type = try field.integer(place)
            case 4: listed += try field.floats(place).count
            case 5, 7, 11: listed += try field.integers(place).count
            case 8: name = try field.text(place)
            case 9: raw = try field.bytes(place).count
            case 10: listed += try field.bytes(place).count / 8
            case 14: location = try field.integer(place)
            default: break
            }
            guard dimensions.count <= 16 else { throw message.damaged("a tensor of more than 16 axes") }
        }
        let place = "\(message.place): tensor \(name.debugDescription.prefix(80))"
        guard let element = Element(rawValue: Int(clamping: type)) else {
            throw Failure.badInput(place, "has the element type \(type)", expected: "numbers")
        }
        var count = 1
        for dimension in dimensions {
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
            guard dimension >= 0, !overflow else {
                throw Failure.badInput(place, "has the shape \(dimensions)", expected: "a shape of numbers that can be")
            }
            count = product
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: element.bytes)
        isExternal = location == 1
        // What is claimed has to be there.
        guard isExternal || (!overflow && (raw.map { $0 == size } ?? (listed == count))) else {
            throw Failure.badInput(
                place, "claims \(count) numbers, but has \(raw.map { "\($0) bytes" } ?? "\(listed) numbers")")
        }
        self.name = name
        self.shape = dimensions.map { Int($0) }
        self.element = element
        self.count = count
    }
}
