extension JSONValue {
    /// The value as JSON text, the same for the same value everywhere.
    ///
    /// Numbers are written with the fewest digits that read back as the same Double, whole ones as `1.0`; infinities
    /// and NaN, which JSON does not have, as `null`. `pretty` indents by two spaces and keeps arrays of plain values
    /// on one line.
    public func text(pretty: Bool = false) -> String {
        var text = ""
        write(to: &text, indent: pretty ? 0 : nil)
        return text
    }

    private var isPlain: Bool {
        switch self {
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }

    /// `indent` is the depth of the value's own line; nil for everything on one line.
    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            let indent = values.allSatisfy(\.isPlain) ? nil : indent
            Self.writeList(values, "[", "]", to: &text, indent: indent) { value, text, inner in
                value.write(to: &text, indent: inner)
            }
        case .object(let members):
            let indent = members.isEmpty ? nil : indent
            Self.writeList(members, "{", "}", to: &text, indent: indent) { member, text, inner in
                Self.write(member.key, to: &text)
                text += inner == nil ? ":" : ": "
                member.value.write(to: &text, indent: inner)
            }
        }
    }

    private static func writeList<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, to text: inout String, indent: Int?,
        _ writeElement: (Element, inout String, Int?) -> Void
    ) {
        let inner = indent.map { $0 + 1 }
        text += opening
        for (i, element) in elements.enumerated() {
            if i > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: "  ", count: inner) }
            writeElement(element, &text, inner)
        }
        if let indent { text += "\n" + String(repeating: "  ", count: indent) }
        text += closing
    }

    fileprivate static func write(_ string: String, to text: inout String) {
        text += "\""
        defer { text += "\"" }
        // Whatever is escaped below begins with one of these bytes; most strings have none of them.
        guard string.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5c || $0 == 0x7f || $0 == 0xc2 }) else {
            text += string
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // RFC 8259 asks for this below U+0020; U+007F to U+009F are control characters of terminals as well.
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension String {
    /// The string for an error message: in quotes, on one line, without control characters, cut after 80 characters.
    public var quoted: String {
        var text = ""
        let shown = unicodeScalars.prefix(80)
        JSONValue.write(String(shown), to: &text)
        return shown.endIndex == unicodeScalars.endIndex ? text : text + "..."
    }
}
