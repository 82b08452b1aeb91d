import Configuration

/// The `profile` section.
public struct ProfileConfiguration: Configurable {
    /// A file for a timeline of the first steps, for chrome://tracing or Perfetto; one more for every further rank.
    public var trace: String?
    /// How many steps it shows.
    public var steps = 5

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.optional("trace", &trace, check: .notEmpty)
        try fields.value("steps", &steps, in: 1...1000)
    }
}
