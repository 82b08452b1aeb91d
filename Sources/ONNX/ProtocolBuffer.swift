import Failures

/// One message in the wire format of protocol buffers, field by field, strictly: what is cut off, numbered 0, of a wire
/// type that is no more in use, or longer than the message is refused. Nothing is copied.
struct ProtocolBuffer {
    enum Value {
        /// Of the wire types 0, 1 and 5: the bits, in the low half where there are 32.
        case number(UInt64)
        /// Of the wire type 2: a text, a message or packed numbers.
        case bytes(UnsafeRawBufferPointer)
    }

    struct Field {
        let number: Int
        let wireType: UInt8
        let value: Value
    }

    private var rest: UnsafeRawBufferPointer
    /// What messages call it: the file, and where in it.
    let place: String

    init(_ bytes: UnsafeRawBufferPointer, place: String) {
        rest = bytes
        self.place = place
    }

    /// The next field, nil at the end. Throws `badInput`.
    mutating func next() throws -> Field? {
        guard !rest.isEmpty else { return nil }
        let key = try varint(), number = key >> 3, wireType = UInt8(key & 7)
        guard (1..<(1 << 29)).contains(number) else { throw damaged("a field numbered \(number)") }
        let value: Value
        switch wireType {
        case 0: value = .number(try varint())
        case 1: value = .number(try fixed(UInt64.self))
        case 5: value = .number(UInt64(try fixed(UInt32.self)))
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else {
                throw damaged("field \(number) of \(count) bytes, of which \(rest.count) are there")
            }
            value = .bytes(take(Int(count)))
        default: throw damaged("field \(number) of wire type \(wireType)")
        }
        return Field(number: Int(number), wireType: wireType, value: value)
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }

    private mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws -> Number {
        let width = MemoryLayout<Number>.size
        guard rest.count >= width else { throw damaged("it is cut off") }
        return Number(littleEndian: take(width).loadUnaligned(as: Number.self))
    }

    private mutating func varint() throws -> UInt64 {
        var result: UInt64 = 0
        for (place, byte) in rest.prefix(10).enumerated() {
            // The tenth byte has room for one bit.
            guard place < 9 || byte <= 1 else { break }
            result |= UInt64(byte & 0x7f) << (7 * UInt64(place))
            if byte < 0x80 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(place + 1))
                return result
            }
        }
        throw damaged(rest.count < 10 ? "it is cut off" : "a number of more than 64 bits")
    }

    func damaged(_ problem: String) -> Failure {
        Failure.badInput(place, "is damaged: \(problem)", expected: "an ONNX network")
    }
}

extension ProtocolBuffer.Field {
    /// Each throws `badInput` naming `place` where the field is of another form.
    func integer(_ place: String) throws -> Int64 {
        guard case .number(let bits) = value, wireType == 0 else { throw wrong(place) }
        return Int64(bitPattern: bits)
    }

    func float(_ place: String) throws -> Float {
        guard case .number(let bits) = value, wireType == 5 else { throw wrong(place) }
        return Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    }

    func bytes(_ place: String) throws -> UnsafeRawBufferPointer {
        guard case .bytes(let bytes) = value else { throw wrong(place) }
        return bytes
    }

    func text(_ place: String) throws -> String {
        guard let text = String(validating: try bytes(place), as: UTF8.self) else {
            throw Failure.badInput(place, "a text that is not UTF-8")
        }
        return text
    }

    func message(_ place: String) throws -> ProtocolBuffer { ProtocolBuffer(try bytes(place), place: place) }

    /// Of a repeated field: one number, or packed ones.
    func integers(_ place: String) throws -> [Int64] {
        guard case .bytes(let bytes) = value else { return [try integer(place)] }
        var packed = ProtocolBuffer(bytes, place: place), numbers: [Int64] = []
        while let number = try packed.nextPacked() { numbers.append(Int64(bitPattern: number)) }
        return numbers
    }

    /// Likewise.
    func floats(_ place: String) throws -> [Float] {
        guard case .bytes(let bytes) = value else { return [try float(place)] }
        guard bytes.count % 4 == 0 else { throw wrong(place) }
        return stride(from: 0, to: bytes.count, by: 4).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
        }
    }

    /// Likewise.
    func doubles(_ place: String) throws -> [Double] {
        let bytes = try bytes(place)
        guard bytes.count % 8 == 0 else { throw wrong(place) }
        return stride(from: 0, to: bytes.count, by: 8).map {
            Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)))
        }
    }

    private func wrong(_ place: String) -> Failure {
        Failure.badInput(place, "field \(number) has the wire type \(wireType)", expected: "an ONNX network")
    }
}

extension ProtocolBuffer {
    /// The next of packed numbers, nil at the end.
    fileprivate mutating func nextPacked() throws -> UInt64? { rest.isEmpty ? nil : try varint() }
}
