// Fields that are sections of their own.
extension FieldVisitor {
    /// A section within this one. Throws what is wrong in it, unknown keys included.
    public mutating func section<Content: Configurable>(_ name: String, _ content: inout Content) throws {
        let setting = try declareNonNull(name) { try FieldVisitor.written(content, $0) } ?? absentSection
        if let setting { try read(setting, name, &content) }
    }

    /// A section that has a value for null too, as "none" often is one.
    public mutating func section<Content: Configurable>(
        _ name: String, _ content: inout Content, orNull none: Content
    ) throws {
        let setting = try declare(name) { try FieldVisitor.written(content, $0) } ?? absentSection
        guard let setting else { return }
        if setting.isNull { content = none } else { try read(setting, name, &content) }
    }

    /// A section that may be null, which is nil and not the default. Present but without keys it has its defaults.
    public mutating func optional<Content: Configurable>(_ name: String, _ content: inout Content?) throws {
        let setting = try declare(name) { spelling in
            try content.map { try FieldVisitor.written($0, spelling) } ?? .scalar(.null)
        }
        guard let setting = setting ?? (content == nil ? nil : absentSection) else { return }
        guard !setting.isNull else {
            content = nil
            return
        }
        var present = content ?? Content()
        try read(setting, name, &present)
        content = present
    }

    /// A list of sections of one type, each with its own fields. Throws what is wrong in one of them.
    public mutating func sections<Content: Configurable>(_ name: String, _ contents: inout [Content]) throws {
        let setting = try declareNonNull(name) { spelling in
            .sections(try contents.map { try FieldVisitor.written($0, spelling) })
        }
        guard let setting else { return }
        guard case .list(let elements) = setting.content else {
            throw setting.origin.failure("\(pathOf(name)): \(setting.noun) is not a list")
        }
        contents = try elements.enumerated().map { index, element in
            var content = Content()
            try read(element, "\(name)[\(index)]", &content)
            return content
        }
    }

    /// The field `name` says which of `kinds` this section is; that kind's own fields follow in the same section.
    ///
    /// Without the field the section is of the kind that `value` is. An override of the field alone switches the kind:
    /// what the file says of the others' own fields is passed over then. Throws for an unknown kind, listing the known.
    public mutating func kind<Value>(_ name: String, _ value: inout Value, _ kinds: [Kind<Value>]) throws {
        precondition(Set(kinds.map(\.name)).count == kinds.count, "FieldVisitor.kind: \(pathOf(name)): repeated names")
        guard var chosen = kinds.first(where: { $0.matches(value) }) else {
            preconditionFailure("FieldVisitor.kind: \(pathOf(name)): no kind for \(value)")
        }
        let written = Written.scalar(ScalarText(chosen.name, isQuoted: true))
        if let setting = try declareNonNull(name, writing: { _ in written }) {
            let new = kinds[try setting.choice(of: kinds.map(\.name), at: pathOf(name))]
            if new.name != chosen.name { value = new.make() }
            chosen = new
            if setting.origin.isOverride {
                for other in kinds where other.name != new.name { try passOver(other) }
            }
        }
        try chosen.visit(&value, &self)
    }

    private func read<Content: Configurable>(_ setting: Setting, _ name: String, _ content: inout Content) throws {
        guard case .mapping = setting.content else {
            throw setting.origin.failure("\(pathOf(name)): \(setting.noun) is not a mapping of keys to values")
        }
        var visitor = FieldVisitor(reading: setting, path: pathOf(name))
        try content.visit(&visitor)
        try visitor.refuseUnknownKeys()
    }
}
