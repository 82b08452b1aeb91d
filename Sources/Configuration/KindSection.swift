extension FieldVisitor {
    /// A section of its own that is one of several kinds, named by its field `kind`.
    public mutating func section<Value: Sendable>(_ name: String, kinds: [Kind<Value>], _ value: inout Value) throws {
        var section = KindSection(value: value, kinds: kinds)
        try self.section(name, &section)
        value = section.value ?? value
    }
}

private struct KindSection<Value: Sendable>: Configurable {
    var value: Value?
    var kinds: [Kind<Value>] = []

    init() {}
    init(value: Value, kinds: [Kind<Value>]) {
        self.value = value
        self.kinds = kinds
    }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        guard var present = value else { return }
        try fields.kind("kind", &present, kinds)
        value = present
    }
}
