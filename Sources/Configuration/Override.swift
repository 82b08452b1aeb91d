import Failures

/// One `--set path=value`: the value, in YAML, replaces what the file has at the path.
struct Override {
    private let path: [String]
    private let value: Setting

    /// Throws `usage` if `argument` is not a path, `=` and YAML.
    init(_ argument: String) throws {
        let origin = Origin.override(argument)
        guard let equals = argument.firstIndex(of: "=") else {
            throw origin.failure("no \"=\", expected path=value, as in train.epochs=10")
        }
        path = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains(""), path.count <= maximumDepth else {
            throw origin.failure("\(quoted(argument[..<equals])) is not a path, expected path=value")
        }
        let text = argument[argument.index(after: equals)...]
        guard text.first(where: { !$0.isWhitespace }) != "#" else {
            throw origin.failure("the value is a comment, expected quotes around a text with \"#\"")
        }
        value =
            text.allSatisfy(\.isWhitespace)
            ? Setting(content: .scalar(.null), origin: origin)
            : try parseYAML(String(text)) { _ in origin }
    }

    /// Sections that the path names and `root` lacks are created; whether they exist is for the declarations to say.
    func apply(to root: inout Setting) {
        set(path[...], in: &root)
    }

    private func set(_ path: ArraySlice<String>, in setting: inout Setting) {
        guard let key = path.first else {
            setting = value
            return
        }
        var entries: [Setting.Entry] = []
        if case .mapping(let present) = setting.content { entries = present } else { setting.origin = value.origin }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            set(path.dropFirst(), in: &entries[index].value)
        } else {
            var entry = Setting.Entry(
                key: key, origin: value.origin, value: Setting(content: .mapping([]), origin: value.origin))
            set(path.dropFirst(), in: &entry.value)
            entries.append(entry)
        }
        setting.content = .mapping(entries)
    }
}
