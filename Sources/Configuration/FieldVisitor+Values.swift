// Fields of single values and of lists. Each comes for scalars and for choices, and as optional.
extension FieldVisitor {
    // MARK: Scalars

    /// A field that always has a value. Throws, naming file and line, for a text that is none or fails `check`.
    public mutating func value<Value: ConfigScalar>(
        _ name: String, _ value: inout Value, check: Check<Value>? = nil
    ) throws {
        try single(name, &value, .scalar(check))
    }

    /// A field with a value in `range`, bounds included.
    public mutating func value<Value: ConfigScalar & Comparable>(
        _ name: String, _ value: inout Value, in range: ClosedRange<Value>
    ) throws {
        try single(name, &value, .scalar(.within(range)))
    }

    /// A list; `count` is the allowed number of elements and `check` holds for each of them.
    public mutating func value<Value: ConfigScalar>(
        _ name: String, _ values: inout [Value], count: ClosedRange<Int> = 0...Int.max, check: Check<Value>? = nil
    ) throws {
        try list(name, &values, count, .scalar(check))
    }

    /// A field that may be null, which is nil and not the default.
    public mutating func optional<Value: ConfigScalar>(
        _ name: String, _ value: inout Value?, check: Check<Value>? = nil
    ) throws {
        try optional(name, &value, .scalar(check))
    }

    /// A field that may be null, and otherwise has a value in `range`.
    public mutating func optional<Value: ConfigScalar & Comparable>(
        _ name: String, _ value: inout Value?, in range: ClosedRange<Value>
    ) throws {
        try optional(name, &value, .scalar(.within(range)))
    }

    /// A list that may be null, which is nil and not the default.
    public mutating func optional<Value: ConfigScalar>(
        _ name: String, _ values: inout [Value]?, count: ClosedRange<Int> = 0...Int.max, check: Check<Value>? = nil
    ) throws {
        let codec = Codec<Value>.scalar(check)
        let setting = declare(name) { spelling in
            values.map { Written.list($0.map { codec.write($0, spelling) }) } ?? .scalar(.null)
        }
        guard let setting else { return }
        values = setting.isNull ? nil : try codec.list(setting, pathOf(name), count: count)
    }

    // MARK: Choices

    /// A choice: the raw values are the texts. Throws for any other text, listing them.
    public mutating func value<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ value: inout Value
    ) throws where Value.RawValue == String {
        try single(name, &value, .choice())
    }

    /// A list of choices.
    public mutating func value<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ values: inout [Value], count: ClosedRange<Int> = 0...Int.max
    ) throws where Value.RawValue == String {
        try list(name, &values, count, .choice())
    }

    /// A choice that may be null, which is nil and not the default.
    public mutating func optional<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ value: inout Value?
    ) throws where Value.RawValue == String {
        try optional(name, &value, .choice())
    }

    // MARK: The common paths

    private mutating func single<Value>(_ name: String, _ value: inout Value, _ codec: Codec<Value>) throws {
        guard let setting = try declareNonNull(name, writing: { .scalar(codec.write(value, $0)) }) else { return }
        value = try codec.read(setting, pathOf(name))
    }

    private mutating func list<Value>(
        _ name: String, _ values: inout [Value], _ count: ClosedRange<Int>, _ codec: Codec<Value>
    ) throws {
        let written = { (spelling: Spelling) in Written.list(values.map { codec.write($0, spelling) }) }
        guard let setting = try declareNonNull(name, writing: written) else { return }
        values = try codec.list(setting, pathOf(name), count: count)
    }

    private mutating func optional<Value>(_ name: String, _ value: inout Value?, _ codec: Codec<Value>) throws {
        let setting = declare(name) { spelling in .scalar(value.map { codec.write($0, spelling) } ?? .null) }
        guard let setting else { return }
        value = setting.isNull ? nil : try codec.read(setting, pathOf(name))
    }
}
