import Failures

/// The header of an array in NumPy's .npy format (versions 1 to 3): little-endian numbers in C order. Arrays of Python
/// objects, which are pickles, of texts and of records are refused, as are big-endian numbers and Fortran's order.
public struct NumPyArray: Sendable, Equatable {
    /// Of numbers in little-endian order.
    public let elementType: ElementType
    /// [] for a single number.
    public let shape: [Int]
    /// Where the elements begin; they reach to the end of the file.
    public let dataOffset: Int

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// NumPy's own limit for headers that it does not trust.
    private static let longestHeader = 10_000

    /// Throws `Failure.badInput` with `source` as the place unless `bytes` are exactly such an array.
    public init(_ bytes: UnsafeRawBufferPointer, source: String) throws {
        let reader = LittleEndianReader(bytes, source: source)
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual(Self.magic) else {
            throw FileFormat.refusal(source, bytes, expected: [.npy], words: "a NumPy array")
                ?? Failure.badInput(source, "not a NumPy array")
        }
        let isOld = bytes[6] == 1
        guard (1...3).contains(bytes[6]) else {
            throw Failure.badInput(source, "version \(bytes[6]) of the .npy format")
        }
        let length = isOld ? Int(try reader.uint16(8)) : Int(try reader.uint32(8))
        guard length <= Self.longestHeader else { throw Failure.badInput(source, "a header of \(length) bytes") }
        let start = isOld ? 10 : 12
        var header = NumPyHeader(Array(try reader.bytes(start, length)), source: source)
        let fields = try header.fields()
        elementType = try Self.elementType(fields.type, source)
        guard !fields.isFortran else {
            throw Failure.badInput(
                source, "in Fortran's order", expected: "C order: numpy.ascontiguousarray before it is saved")
        }
        shape = fields.shape
        dataOffset = start + length
        guard let count = elementType.byteCount(shape: shape) else {
            throw Failure.badInput(source, "claims the shape \(shape)")
        }
        guard count == bytes.count - dataOffset else {
            throw Failure.badInput(
                source, "\(bytes.count - dataOffset) bytes of elements",
                expected: "\(count) for \(shape) of \(elementType.rawValue)")
        }
    }

    private static func elementType(_ text: String, _ source: String) throws -> ElementType {
        let types: [String: ElementType] = [
            "b1": .bool, "u1": .uint8, "i1": .int8, "u2": .uint16, "i2": .int16, "u4": .uint32, "i4": .int32,
            "u8": .uint64, "i8": .int64, "f2": .float16, "f4": .float32, "f8": .float64,
        ]
        let kind = text.first.map { "<>|=".contains($0) } == true ? String(text.dropFirst()) : text
        if kind.hasPrefix("O") {
            throw Failure.badInput(
                source, "an array of Python objects, which are read by running code", expected: "an array of numbers")
        }
        guard let type = types[kind] else {
            throw Failure.badInput(source, "elements of type \(text.quoted)", expected: "integers or floating point")
        }
        guard text.first != ">" || type.bitCount == 8 else {
            throw Failure.badInput(
                source, "big-endian numbers", expected: "array.astype(\"<\(kind)\") before it is saved")
        }
        return type
    }
}

/// The text of a header: a Python dictionary of three entries,
/// `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`.
private struct NumPyHeader {
    private let text: [UInt8]
    private let source: String
    private var place = 0

    init(_ text: [UInt8], source: String) {
        self.text = text
        self.source = source
    }

    mutating func fields() throws -> (type: String, isFortran: Bool, shape: [Int]) {
        var type: String?, isFortran: Bool?, shape: [Int]?
        try expect("{")
        while !accept("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where type == nil:
                if peek() == UInt8(ascii: "[") {
                    throw Failure.badInput(source, "an array of records", expected: "an array of numbers")
                }
                type = try string()
            case "fortran_order" where isFortran == nil: isFortran = try boolean()
            case "shape" where shape == nil: shape = try tuple()
            default: throw damaged
            }
            if !accept(",") {
                try expect("}")
                break
            }
        }
        guard peek() == nil, let type, let isFortran, let shape else { throw damaged }
        return (type, isFortran, shape)
    }

    private var damaged: Failure { .badInput(source, "its header is damaged near character \(place)") }

    private mutating func peek() -> UInt8? {
        while place < text.count, text[place] == 0x20 || text[place] == 0x0a { place += 1 }
        return place < text.count ? text[place] : nil
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard accept(character) else { throw damaged }
    }

    private mutating func string() throws -> String {
        guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw damaged }
        let rest = text[(place + 1)...]
        guard let end = rest.firstIndex(of: quote), !rest[..<end].contains(UInt8(ascii: "\\")) else { throw damaged }
        place = end + 1
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private mutating func word(_ word: String) -> Bool {
        guard peek() != nil, text[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }

    private mutating func boolean() throws -> Bool {
        if word("False") { return false }
        guard word("True") else { throw damaged }
        return true
    }

    private mutating func tuple() throws -> [Int] {
        var numbers: [Int] = []
        try expect("(")
        while !accept(")") {
            guard peek() != nil else { throw damaged }
            let start = place
            while place < text.count, (0x30...0x39).contains(text[place]) { place += 1 }
            guard let number = Int(String(decoding: text[start..<place], as: UTF8.self)), numbers.count < 32 else {
                throw damaged
            }
            numbers.append(number)
            if !accept(",") {
                try expect(")")
                break
            }
        }
        return numbers
    }
}
