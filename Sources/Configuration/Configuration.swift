import Failures
import Formats

/// Reads and writes whole configurations.
///
/// The language is one YAML 1.2 document (JSON included) that is a mapping, without anchors, aliases or tags, of at
/// most `maximumBytes`. Absent fields keep their defaults; unknown and duplicate keys are errors, and so is `null` for
/// a field that cannot be null.
public enum Configuration {
    /// The largest configuration that is read, in bytes of UTF-8. Configurations are also stored in checkpoints,
    /// which may be hostile.
    public static let maximumBytes = 1 << 20

    /// Reads the file at `file` and applies `overrides`, each `path=value` as in `train.optimizer.lr=0.1`.
    ///
    /// Throws `inputOutput` if the file cannot be read, `badInput` with file and line for what is wrong in it,
    /// and `usage` for what is wrong with an override.
    public static func read<C: Configurable>(
        _ type: C.Type = C.self, file: String, overrides: [String] = []
    ) throws -> C {
        let text = try FileContents.text(file, limit: maximumBytes, words: "a configuration in YAML")
        return try read(type, text: text, source: file, overrides: overrides)
    }

    /// Reads `text`, which error messages call `source`. Throws as `read(_:file:overrides:)` does.
    public static func read<C: Configurable>(
        _ type: C.Type = C.self, text: String, source: String, overrides: [String] = []
    ) throws -> C {
        let overrides = try overrides.map(Override.init)
        var root = try parseYAML(text) { Origin.file(source, line: $0) }
        guard case .mapping = root.content else {
            throw root.origin.failure("the document is \(root.noun), expected a mapping of keys to values")
        }
        for override in overrides { override.apply(to: &root) }
        var value = C()
        var visitor = FieldVisitor(reading: root, path: "")
        try value.visit(&visitor)
        try visitor.refuseUnknownKeys()
        return value
    }

    /// All fields of `value` as YAML that reads back to the same values, numbers to the last bit.
    ///
    /// Throws only what the `visit` of a section throws of its own accord.
    public static func text(of value: some Configurable) throws -> String {
        try FieldVisitor.written(value).yaml
    }

    /// The same for all spellings of the values: equal exactly where the values are.
    public static func canonicalText(of value: some Configurable) throws -> String {
        try FieldVisitor.written(value, .canonical).yaml
    }

    /// All fields of `value` as one line of JSON that reads back to the same values.
    public static func json(of value: some Configurable) throws -> String {
        try FieldVisitor.written(value).json
    }
}
