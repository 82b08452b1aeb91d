import Configuration

/// The `loss` section: a kind with its own fields, and the alignment term that most kinds can carry.
public struct LossConfiguration: Configurable {
    /// What is minimised, with the fields of its kind.
    public var kind: any ObjectiveConfiguration = AlignedGradients()
    /// The alignment term; kept, but not used, where `activeAlignment` is nil.
    public var alignment = AlignmentConfiguration()

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind("kind", &kind, objectives)
        try fields.section("alignment", &alignment)
    }

    /// The alignment term of this run, with its weight, if it has one.
    public var activeAlignment: AlignmentConfiguration? {
        guard let standard = kind.standardAlignmentWeight else { return nil }
        var alignment = alignment
        let weight = alignment.weight ?? standard
        alignment.weight = weight
        return standard > 0 || weight > 0 ? alignment : nil
    }

    /// This section with nothing left open.
    var resolved: LossConfiguration {
        var copy = self
        copy.alignment.weight = alignment.weight ?? kind.standardAlignmentWeight ?? 0
        return copy
    }

    /// "cross-entropy and alignment"
    var title: String { kind.title + (activeAlignment == nil ? "" : " and alignment") }

    /// What `kind` can be.
    public static var kinds: [String] { objectives.map(\.name) }
}
