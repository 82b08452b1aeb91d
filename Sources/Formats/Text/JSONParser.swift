import Failures

/// What a JSON text may hold before the parser refuses it.
public struct JSONLimits: Sendable {
    /// Arrays and objects within each other.
    public var depth = 64
    /// Values of any kind, members of objects included.
    public var values = 1_000_000
    /// Members of one object.
    public var members = 100_000
    /// UTF-8 bytes of one string as written in the text.
    public var stringBytes = 1 << 24

    public init() {}
}

extension JSONValue {
    /// Reads one JSON value that takes up the whole of `bytes`, strictly by RFC 8259.
    ///
    /// Duplicate keys, bytes that are not UTF-8, long runs of combining marks, lone surrogates, a byte order mark,
    /// numbers beyond the range of Double and everything outside of the grammar are refused with `Failure.badInput`,
    /// whose place is `source` and the offset of the byte. Keys that Unicode holds to be equal are duplicates, since a
    /// `String` does not tell them apart. Memory is bounded by the text's size and `limits`.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, source: String, limits: JSONLimits = JSONLimits()
    ) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes, source: source, limits: limits)
        return try parser.document()
    }

    /// The same of a text.
    public static func parse(
        _ text: String, source: String, limits: JSONLimits = JSONLimits()
    ) throws -> JSONValue {
        try Array(text.utf8).withUnsafeBytes { try parse($0, source: source, limits: limits) }
    }
}

struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let source: String
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0
    private var values = 0

    init(bytes: UnsafeRawBufferPointer, source: String, limits: JSONLimits) {
        self.bytes = bytes
        self.source = source
        self.limits = limits
    }

    mutating func document() throws -> JSONValue {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw unexpected(expected: "the end") }
        return value
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        values += 1
        guard values <= limits.values else { throw failure("more than \(limits.values) values") }
        switch peek() {
        case UInt8(ascii: "{"): return try nested { try $0.object() }
        case UInt8(ascii: "["): return try nested { try $0.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
        default: throw unexpected(expected: "a value")
        }
    }

    private mutating func nested(_ body: (inout JSONParser) throws -> JSONValue) throws -> JSONValue {
        depth += 1
        guard depth <= limits.depth else { throw failure("more than \(limits.depth) levels of nesting") }
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws -> JSONValue {
        var members: [JSONValue.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else { throw unexpected(expected: "a key") }
            let start = position
            let key = try string()
            guard keys.insert(key).inserted else { throw failure("duplicate key \(key.quoted)", at: start) }
            guard members.count < limits.members else { throw failure("more than \(limits.members) members") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw unexpected(expected: "':'") }
            members.append(JSONValue.Member(key, try value()))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unexpected(expected: "',' or '}'") }
        return .object(members)
    }

    private mutating func array() throws -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try value())
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw unexpected(expected: "',' or ']'") }
        return .array(elements)
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        for i in 0..<word.utf8CodeUnitCount where !take(word.utf8Start[i]) {
            throw unexpected(expected: "\(word)")
        }
        return value
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        var isInteger = true
        let leadingZero = peek() == UInt8(ascii: "0")
        let digits = try takeDigits()
        guard !leadingZero || digits == 1 else { throw failure("number with a leading zero", at: start) }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            _ = try takeDigits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            _ = try takeDigits()
        }
        // Converting takes more than linear time in the digits; 1,100 hold every Double in full.
        guard position - start <= 1_100 else { throw failure("number of \(position - start) characters", at: start) }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // Minus zero is a Double and no integer.
        if isInteger, let integer = Int64(text), !(isNegative && integer == 0) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            throw failure("number beyond the range of Double", at: start)
        }
        return .number(double)
    }

    /// The number of digits, at least one.
    private mutating func takeDigits() throws -> Int {
        let start = position
        while let byte = peek(), isDigit(byte) { position += 1 }
        guard position > start else { throw unexpected(expected: "a digit") }
        return position - start
    }

    private mutating func string() throws -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        var runStart = position
        while true {
            guard let byte = peek() else { throw failure("string without end", at: start) }
            guard position - start <= limits.stringBytes else {
                throw failure("string of more than \(limits.stringBytes) bytes", at: start)
            }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw failure("control character in a string") }
            if byte == UInt8(ascii: "\\") {
                content.append(contentsOf: bytes[runStart..<position])
                position += 1
                try escape(into: &content)
                runStart = position
            } else {
                position += 1
            }
        }
        let text =
            content.isEmpty
            ? String(validating: bytes[runStart..<position], as: UTF8.self)
            : String(validating: content + bytes[runStart..<position], as: UTF8.self)
        guard let text else { throw failure("string that is not UTF-8", at: start) }
        guard CombiningMarks.areFew(in: text) else {
            throw failure("string of more than \(CombiningMarks.most) combining marks in a row", at: start)
        }
        position += 1
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        let start = position - 1
        guard let letter = peek() else { throw failure("string without end", at: start) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800...0xdbff).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
                let low = try hexadecimal()
                guard (0xdc00...0xdfff).contains(low) else { throw failure("lone surrogate", at: start) }
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("lone surrogate", at: start) }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw failure("unknown escape", at: start)
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected(expected: "a hexadecimal digit")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private func failure(_ problem: String, at offset: Int? = nil) -> Failure {
        .badInput("\(source) at byte \(offset ?? position)", problem)
    }

    private func unexpected(expected: String) -> Failure {
        let found = peek().map { byte in
            (0x21...0x7e).contains(byte)
                ? "unexpected '\(Character(Unicode.Scalar(byte)))'" : "unexpected byte \(byte)"
        }
        return .badInput("\(source) at byte \(position)", found ?? "unexpected end", expected: expected)
    }
}
