/// `text` with backslash escapes that JSON and YAML both know, on one line and printable.
///
/// Characters above U+FFFF stay as they are: JSON wants them as surrogates, which YAML's parsers refuse.
func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// `text` in double quotes for a message: escaped, and cut short where it would drown the message.
func quoted(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars, shown = scalars.prefix(60)
    return "\"" + escaped(String(String.UnicodeScalarView(shown)))
        + (shown.endIndex == scalars.endIndex ? "\"" : "...\"")
}
