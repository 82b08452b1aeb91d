/// The resolved configuration of a run as it stands in `config.yaml`.
struct ConfigurationText: Sendable {
    let text: String
    /// Path and value of every field, in the order of the file; nil for YAML beyond blocks of `key: value`.
    let fields: [(path: String, value: String)]?

    init(_ text: String) {
        self.text = text
        fields = Self.flatten(text)
    }

    func value(_ path: String) -> String? { fields?.first { $0.path == path }?.value }

    /// The fields that are not the same in all of `configurations`: the path, and each one's value or nil where it has
    /// no such field. Nil when one of them cannot be taken apart.
    static func differences(_ configurations: [ConfigurationText]) -> [(path: String, values: [String?])]? {
        var order: [String] = []
        var seen: Set<String> = []
        var tables: [[String: String]] = []
        for configuration in configurations {
            guard let fields = configuration.fields else { return nil }
            tables.append(Dictionary(fields.map { ($0.path, $0.value) }, uniquingKeysWith: { first, _ in first }))
            for field in fields where seen.insert(field.path).inserted { order.append(field.path) }
        }
        return order.compactMap { path in
            let values = tables.map { $0[path] }
            return Set(values).count > 1 ? (path, values) : nil
        }
    }

    private static let longestKey = 64

    /// Resolved files have one field a line and two spaces a level.
    private static func flatten(_ text: String) -> [(path: String, value: String)]? {
        var sections: [String] = []
        var fields: [(path: String, value: String)] = []
        for line in text.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if content.isEmpty || content.hasPrefix("#") { continue }
            guard indent % 2 == 0, indent / 2 <= sections.count, indent <= 64,
                let colon = content.firstIndex(of: ":"), !content.hasPrefix("-")
            else { return nil }
            sections.removeLast(sections.count - indent / 2)
            let key = String(content[..<colon])
            // A path holds the keys of all levels above it: long ones would make memory of the text's square.
            guard key.utf8.count <= longestKey else { return nil }
            let value = content[content.index(after: colon)...].drop { $0 == " " }
            if value.isEmpty {
                sections.append(key)
            } else {
                fields.append(((sections + [key]).joined(separator: "."), String(value)))
            }
        }
        return fields
    }
}
