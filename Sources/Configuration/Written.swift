/// The fields of a configuration on their way to text.
indirect enum Written {
    case scalar(ScalarText)
    case list([ScalarText])
    case section([(name: String, value: Written)])
    case sections([Written])

    /// YAML: sections as blocks, lists in brackets.
    var yaml: String {
        guard case .section(let fields) = self, !fields.isEmpty else { return inlineYAML + "\n" }
        var lines = ""
        Written.write(fields, indentation: "", to: &lines)
        return lines
    }

    private static func write(_ fields: [(name: String, value: Written)], indentation: String, to lines: inout String) {
        for (name, value) in fields {
            if case .section(let inner) = value, !inner.isEmpty {
                lines += "\(indentation)\(name):\n"
                write(inner, indentation: indentation + "  ", to: &lines)
            } else {
                lines += "\(indentation)\(name): \(value.inlineYAML)\n"
            }
        }
    }

    private var inlineYAML: String {
        switch self {
        case .scalar(let scalar): yamlText(scalar, inList: false)
        case .list(let scalars): "[" + scalars.map { yamlText($0, inList: true) }.joined(separator: ", ") + "]"
        case .section(let fields):
            "{" + fields.map { "\($0.name): \($0.value.inlineYAML)" }.joined(separator: ", ") + "}"
        case .sections(let sections): "[" + sections.map(\.inlineYAML).joined(separator: ", ") + "]"
        }
    }

    /// JSON on one line (RFC 8259).
    var json: String {
        switch self {
        case .scalar(let scalar): jsonText(scalar)
        case .list(let scalars): "[" + scalars.map(jsonText).joined(separator: ",") + "]"
        case .section(let fields):
            "{" + fields.map { "\"\($0.name)\":\($0.value.json)" }.joined(separator: ",") + "}"
        case .sections(let sections): "[" + sections.map(\.json).joined(separator: ",") + "]"
        }
    }
}

private func jsonText(_ scalar: ScalarText) -> String {
    scalar.isQuoted ? "\"\(escaped(scalar.text))\"" : scalar.text
}

private func yamlText(_ scalar: ScalarText, inList: Bool) -> String {
    scalar.isQuoted && !isPlain(scalar.text, inList: inList) ? "\"\(escaped(scalar.text))\"" : scalar.text
}

/// Whether every reader of YAML takes `text` for a string without quotes. Says no in all but the simple cases.
private func isPlain(_ text: String, inList: Bool) -> Bool {
    // Anything that YAML 1.1 or 1.2 reads as null or a truth value; numbers start with none of the letters below.
    let special = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    guard let first = text.utf8.first, let last = text.utf8.last, !special.contains(text.lowercased()) else {
        return false
    }
    func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    return (isLetter(first) || first == UInt8(ascii: "/")) && last != UInt8(ascii: ":")
        && text.utf8.allSatisfy {
            isLetter($0) || isDigit($0) || "/_.-".utf8.contains($0) || ($0 == UInt8(ascii: ":") && !inList)
        }
}
