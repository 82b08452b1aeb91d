import Failures
import Formats
import Yams

/// The deepest nesting that is read; the declarations need far less.
let maximumDepth = 32

/// The one document in `text`. `origin` makes the origin of what stands on a line, counted from 1.
///
/// Throws the origin's failure for text that is not such a document, or that has anchors, aliases or tags.
func parseYAML(_ text: String, origin: (Int) -> Origin) throws -> Setting {
    guard text.utf8.count <= Configuration.maximumBytes else {
        throw origin(1).failure(
            "larger than \(Configuration.maximumBytes) bytes, the most that a configuration may have")
    }
    try refuseCostlyKeys(text, origin)
    try refuseCombiningMarks(text, origin)
    try refuseDirectives(text, origin)
    // Yams resolves aliases as it composes and hashes the keys of mappings, so a few lines of nested aliases could keep
    // it busy for ever. Neither "&" nor "@" can stand in a token where the other cannot, but "@" starts none:
    // with "@" for "&" an anchor is a syntax error, and an alias has nothing to refer to.
    if text.utf8.contains(UInt8(ascii: "&")) {
        let masked = text.utf8.map { $0 == UInt8(ascii: "&") ? UInt8(ascii: "@") : $0 }
        _ = try compose(String(decoding: masked, as: UTF8.self), original: text, origin: origin)
    }
    guard let root = try compose(text, original: text, origin: origin) else {
        return Setting(content: .scalar(.null), origin: origin(1))
    }
    return try setting(root, depth: 0, line: 1, origin: origin)
}

/// Yams hashes every key of a mapping with all that is in it, so keys nested in keys cost their number times their
/// size, minutes for the largest files. Only "?", "[" and "{" can begin such a key.
private func refuseCostlyKeys(_ text: String, _ origin: (Int) -> Origin) throws {
    let openings = text.utf8.count { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
    guard openings * text.utf8.count <= 1 << 24 else {
        throw origin(1).failure("\(openings) brackets, braces and question marks, too many for so large a file")
    }
}

/// What `CombiningMarks` says of the text goes for its escapes as well, which the parser joins across escaped ends of
/// lines.
private func refuseCombiningMarks(_ text: String, _ origin: (Int) -> Origin) throws {
    var marks = CombiningMarks(), line = 1, rest = text.unicodeScalars[...]
    while var scalar = rest.popFirst() {
        if scalar == "\n" { line += 1 }
        if scalar == "\\", let letter = rest.first {
            if letter == "\n" {
                line += 1
                rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
                continue
            }
            if let digits = ["x": 2, "u": 4, "U": 8][letter],
                let value = UInt32(String(rest.dropFirst().prefix(digits)), radix: 16),
                let escaped = Unicode.Scalar(value)
            {
                rest = rest.dropFirst(1 + digits)
                scalar = escaped
            }
        }
        guard marks.take(scalar) else {
            throw origin(line).failure("more than \(CombiningMarks.most) combining marks in a row")
        }
    }
}

/// The parser compares every directive with all before it, and none is of use without tags.
private func refuseDirectives(_ text: String, _ origin: (Int) -> Origin) throws {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard let tag = lines.firstIndex(where: { $0.utf8.starts(with: "%TAG".utf8) }) else { return }
    throw origin(tag + 1).failure("the directive %TAG is not supported")
}

/// `original` is `text` before the masking of anchors.
private func compose(_ text: String, original: String, origin: (Int) -> Origin) throws -> Node? {
    do {
        // The resolver without rules leaves every scalar its text: the declared type alone says how to read it.
        // An explicit encoding keeps Yams from asking the environment, and from printing the answer.
        return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
        let (line, problem) = describe(error, in: original)
        throw origin(line).failure(problem)
    }
}

/// The line and a one-line description. Yams' own descriptions quote the text over several lines.
private func describe(_ error: YamlError, in text: String) -> (line: Int, problem: String) {
    switch error {
    case .scanner(let context, let problem, let mark, _):
        // A scanner gives up at the end of what it scans, often lines after the mistake; its context is the start.
        let start = context?.mark.line ?? mark.line
        switch line(mark.line, of: text)?.unicodeScalars.dropFirst(mark.column - 1).first {
        case "\t" where problem.contains("cannot start any token"):
            return (mark.line, "invalid YAML: a tab in the indentation, expected spaces")
        case "&" where problem.contains("cannot start any token"):
            return (mark.line, "anchors and aliases are not supported")
        default:
            return (start, invalidYAML(context, problem))
        }
    case .composer(_, let problem, let mark, _) where problem == "found undefined alias":
        return (mark.line, "anchors and aliases are not supported")
    case .parser(let context, let problem, let mark, _), .composer(let context, let problem, let mark, _):
        // What is never closed is missed after the last line; where it was opened says more.
        let isAtEnd = line(mark.line, of: text)?.isEmpty ?? true
        return (isAtEnd ? context?.mark.line ?? mark.line : mark.line, invalidYAML(context, problem))
    case .reader(let problem, let offset, _, _):
        let start = offset.flatMap { text.index(text.startIndex, offsetBy: $0, limitedBy: text.endIndex) }
        return (start.map { text[..<$0].count(where: \.isNewline) + 1 } ?? 1, "invalid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
        let named = keys.prefix(3).map { quoted($0) }.joined(separator: ", ")
        return (context.mark.line, "duplicate key \(named)\(keys.count > 3 ? " and \(keys.count - 3) more" : "")")
    default:
        return (1, "invalid YAML")
    }
}

private func invalidYAML(_ context: YamlError.Context?, _ problem: String) -> String {
    "invalid YAML: " + [context?.text, problem].compactMap(\.self).joined(separator: ", ")
}

/// Line `number` of `text`, counted from 1 as Yams does.
private func line(_ number: Int, of text: String) -> Substring? {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropFirst(number - 1).first
}

private func setting(_ node: Node, depth: Int, line: Int, origin: (Int) -> Origin) throws -> Setting {
    // An empty value has the mark of what comes next, which may be on a later line; the key's is nearer to it.
    let line = node.scalar?.string == "" ? line : node.mark?.line ?? line
    guard depth <= maximumDepth else { throw origin(line).failure("nested deeper than \(maximumDepth) levels") }
    let standardTag: Tag.Name
    let content: Setting.Content
    switch node {
    case .scalar(let scalar):
        standardTag = .str
        content = .scalar(ScalarText(scalar.string, isQuoted: scalar.style != .plain))
    case .sequence(let sequence):
        standardTag = .seq
        content = .list(try sequence.map { try setting($0, depth: depth + 1, line: line, origin: origin) })
    case .mapping(let mapping):
        standardTag = .map
        content = .mapping(
            try mapping.map { key, value in
                let line = key.mark?.line ?? line
                guard let name = key.scalar, name.tag.rawValue == Tag.Name.str.rawValue else {
                    throw origin(line).failure("a key is not a plain name")
                }
                let value = try setting(value, depth: depth + 1, line: line, origin: origin)
                return Setting.Entry(key: name.string, origin: origin(line), value: value)
            })
    case .alias:
        throw origin(line).failure("anchors and aliases are not supported")
    }
    guard node.tag.rawValue == standardTag.rawValue else {
        throw origin(line).failure("the tag \(quoted(node.tag.rawValue)) is not supported")
    }
    return Setting(content: content, origin: origin(line))
}
