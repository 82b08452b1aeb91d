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

    /// Where the numbers stand.
    enum Contents {
        /// As they lie in memory, row by row, little-endian.
        case raw([UInt8])
        /// In lists that the format has for some types; smaller integers, and bits of 16-bit numbers, are integers.
        case floats([Float]), integers([Int64]), doubles([Double])
        /// In a file beside this one. Without a name they are nowhere.
        case external(location: String?, offset: Int64, length: Int64?)
    }

    public let name: String
    public let shape: [Int]
    public let element: Element
    /// Numbers of the tensor.
    public let count: Int
    let contents: Contents

    /// Whether its numbers stand in another file.
    public var isExternal: Bool { if case .external = contents { true } else { false } }
    /// Whether its numbers are nowhere: the network's form without them.
    public var isAbsent: Bool { if case .external(nil, _, _) = contents { true } else { false } }

    /// Throws `badInput` where what is there is not what the shape claims.
    init(_ message: ProtocolBuffer) throws {
        var message = message, name = "", dimensions: [Int64] = [], type: Int64 = 0, isExternal = false
        var raw: [UInt8]?, floats: [Float] = [], integers: [Int64] = [], doubles: [Double] = []
        var location: String?, offset: Int64 = 0, length: Int64?
        while let field = try message.next() {
            let place = message.place
            switch field.number {
            case 1: dimensions += try field.integers(place)
            case 2: type = try field.integer(place)
            case 4: floats += try field.floats(place)
            case 5, 7, 11: integers += try field.integers(place)
            case 8: name = try field.text(place)
            case 9: raw = Array(try field.bytes(place))
            case 10: doubles += try field.doubles(place)
            case 13:
                let (key, value) = try Self.entry(try field.message(place))
                switch key {
                case "location": location = value
                case "offset": offset = Int64(value) ?? -1
                case "length": length = Int64(value) ?? -1
                default: break
                }
            case 14: isExternal = try field.integer(place) == 1
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
        let listed = max(floats.count, integers.count, doubles.count)
        // What is claimed has to be there.
        guard isExternal || (!overflow && (raw.map { $0.count == size } ?? (listed == count))) else {
            throw Failure.badInput(
                place, "claims \(count) numbers, but has \(raw.map { "\($0.count) bytes" } ?? "\(listed) numbers")")
        }
        self.name = name
        self.shape = dimensions.map { Int($0) }
        self.element = element
        self.count = count
        contents =
            if isExternal {
                .external(location: location, offset: offset, length: length)
            } else if let raw {
                .raw(raw)
            } else if !floats.isEmpty {
                .floats(floats)
            } else if !doubles.isEmpty {
                .doubles(doubles)
            } else {
                .integers(integers)
            }
    }

    private static func entry(_ message: ProtocolBuffer) throws -> (String, String) {
        var message = message, key = "", value = ""
        while let field = try message.next() {
            if field.number == 1 { key = try field.text(message.place) }
            if field.number == 2 { value = try field.text(message.place) }
        }
        return (key, value)
    }
}
