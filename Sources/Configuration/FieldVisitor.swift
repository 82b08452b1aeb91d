import Failures

/// What a section declares its fields to. The declarations, for each type of field, are in the extensions.
///
/// While reading, a declaration sets the field from the file; while writing it passes the field on to the text.
public struct FieldVisitor {
    private enum Task {
        case reading(Setting)
        case writing([(name: String, value: Written)])
    }

    private var task: Task
    private let path: String
    /// Of the values while writing.
    private let spelling: Spelling
    private var names: [String] = []
    /// Keys that are no mistake in the file, as an override has put another kind in place of the one that has them.
    private var replaced: Set<String> = []

    /// `path` names the section in messages, empty for the whole configuration.
    init(reading setting: Setting, path: String) {
        task = .reading(setting)
        self.path = path
        spelling = .users
    }

    private init(_ spelling: Spelling = .users) {
        task = .writing([])
        path = ""
        self.spelling = spelling
    }

    static func written(_ value: some Configurable, _ spelling: Spelling = .users) throws -> Written {
        var value = value
        var visitor = FieldVisitor(spelling)
        try value.visit(&visitor)
        guard case .writing(let fields) = visitor.task else { preconditionFailure("FieldVisitor changed its task") }
        return .section(fields)
    }

    /// Declares the field `name`. While reading, its setting, nil if there is none; while writing nil.
    mutating func declare(_ name: String, writing value: (Spelling) throws -> Written) rethrows -> Setting? {
        precondition(isFieldName(name), "FieldVisitor: \"\(name)\" is not a field name, expected letters and digits")
        precondition(!names.contains(name), "FieldVisitor: \(pathOf(name)) declared twice")
        names.append(name)
        switch task {
        case .reading(let section):
            return section.entries.first { $0.key == name }?.value
        case .writing(var fields):
            fields.append((name, try value(spelling)))
            task = .writing(fields)
            return nil
        }
    }

    /// As `declare`, for a field that null is no value of. Throws where it is null: a key without a value, or an unset
    /// variable in `--set key=$VALUE`, must not quietly mean the default.
    mutating func declareNonNull(_ name: String, writing value: (Spelling) throws -> Written) throws -> Setting? {
        let setting = try declare(name, writing: value)
        guard let setting, setting.isNull else { return setting }
        let expected =
            switch try value(.users) {
            case .scalar(let standard): "a value; without the key it is \(Written.scalar(standard).json)"
            case .list(let standard): "a list; without the key it is \(Written.list(standard).json)"
            case .sections: "a list of sections"
            case .section: "a mapping of keys to values; without the key it has its defaults"
            }
        throw setting.origin.failure("\(pathOf(name)): empty, expected \(expected)")
    }

    /// Lets the file, not the overrides, keep the fields of a kind that an override may have replaced.
    mutating func passOver<Value>(_ kind: Kind<Value>) throws {
        var value = kind.make(), visitor = FieldVisitor()
        try kind.visit(&value, &visitor)
        replaced.formUnion(visitor.names)
    }

    func pathOf(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// The setting that a section without any of its own is read from.
    var absentSection: Setting? {
        guard case .reading(let section) = task else { return nil }
        return Setting(content: .mapping([]), origin: section.origin)
    }

    /// Throws for the first key of the section that no declaration named, unless it was passed over. To be called after
    /// all declarations.
    func refuseUnknownKeys() throws {
        guard case .reading(let section) = task,
            let unknown = section.entries.first(where: { entry in
                !names.contains(entry.key) && (!replaced.contains(entry.key) || entry.value.isOverridden)
            })
        else { return }
        let place = path.isEmpty ? "at the top level" : "in \(path)"
        let suggestion = nearestSpelling(of: unknown.key, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw unknown.origin.failure(
            "unknown key \(quoted(unknown.key)) \(place); known keys: \(names.joined(separator: ", "))\(suggestion)")
    }

    /// Throws, while reading, unless `condition` holds: for conditions that involve several fields.
    ///
    /// The message names the field `name`, declared before, and the line where it is set: "train.batch: `problem`".
    public func require(_ condition: Bool, _ name: String, _ problem: @autoclosure () -> String) throws {
        precondition(names.contains(name), "FieldVisitor.require: \(pathOf(name)) is not declared before")
        guard case .reading(let section) = task, !condition else { return }
        let origin = section.entries.first { $0.key == name }?.value.origin ?? section.origin
        throw origin.failure("\(pathOf(name)): \(problem())")
    }
}

extension Setting {
    fileprivate var entries: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }

    /// Whether an override made this, or anything in it.
    fileprivate var isOverridden: Bool { origin.isOverride || entries.contains { $0.value.isOverridden } }
}

/// Names that need no quotes in YAML or JSON and no thought in an override's path.
private func isFieldName(_ name: String) -> Bool {
    name.first?.isLetter == true
        && name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        }
}
