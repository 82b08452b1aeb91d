import Failures

/// Text as editors write it: UTF-8, with or without a byte order mark, or UTF-16 with one; lines that end in LF, CR LF
/// or CR. What comes out has no mark and LF alone.
public enum EditedText {
    /// Throws `badInput` naming the line and the byte that is not of the encoding, and for what no text needs: more
    /// combining marks in a row than `CombiningMarks` allows.
    public static func decode(_ bytes: UnsafeRawBufferPointer, source: String) throws -> String {
        let text: String
        if bytes.starts(with: [0xff, 0xfe]) {
            text = try utf16(bytes, source) { UInt16($0) | UInt16($1) << 8 }
        } else if bytes.starts(with: [0xfe, 0xff]) {
            text = try utf16(bytes, source) { UInt16($0) << 8 | UInt16($1) }
        } else {
            let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
            guard let valid = String(validating: body, as: UTF8.self) else { throw notUTF8(body, source) }
            text = valid
        }
        guard CombiningMarks.areFew(in: text) else {
            throw Failure.badInput(source, "more than \(CombiningMarks.most) combining marks in a row")
        }
        return text.utf8.contains(UInt8(ascii: "\r")) ? withLineFeeds(text) : text
    }

    private static func utf16(
        _ bytes: UnsafeRawBufferPointer, _ source: String, _ unit: (UInt8, UInt8) -> UInt16
    ) throws -> String {
        let units = stride(from: 2, to: bytes.count - 1, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }
        guard bytes.count % 2 == 0, let text = String(validating: units, as: UTF16.self) else {
            throw Failure.badInput(source, "begins as a text in UTF-16, but is none", expected: "UTF-8")
        }
        return text
    }

    private static func notUTF8(_ bytes: Slice<UnsafeRawBufferPointer>, _ source: String) -> Failure {
        var rest = bytes.makeIterator(), parser = Unicode.UTF8.ForwardParser(), line = 1, position = bytes.startIndex
        while case .valid(let scalar) = parser.parseScalar(from: &rest) {
            position += scalar.count
            if scalar.first == UInt8(ascii: "\n") { line += 1 }
        }
        let byte = String(bytes[position], radix: 16)
        return .badInput(
            "\(source):\(line)", "byte 0x\(byte.count < 2 ? "0" : "")\(byte) is not of a text in UTF-8",
            expected: "UTF-8; if it is Latin-1, iconv -f latin1 -t utf8 converts it")
    }

    private static func withLineFeeds(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var last: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\r") {
                result.append(UInt8(ascii: "\n"))
            } else if byte != UInt8(ascii: "\n") || last != UInt8(ascii: "\r") {
                result.append(byte)
            }
            last = byte
        }
        return String(decoding: result, as: UTF8.self)
    }
}
