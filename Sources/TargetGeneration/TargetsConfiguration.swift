import Configuration

/// The `targets` section: what `pag targets` computes and how it is stored.
public struct TargetsConfiguration: Configurable {
    /// What a target's numbers are stored as.
    public enum Element: String, Sendable, CaseIterable { case f32, f16 }
    /// Which images of a data set.
    public enum Split: String, Sendable, CaseIterable { case train, test }

    /// What computes the targets.
    public var generator: any TargetGenerator = ScoreBased()
    /// Half the size is half the precision; only directions count.
    public var element = Element.f32
    /// Images computed and written at a time.
    public var block = 16
    /// Images that the table over noise levels is made from; 0: no table; null: all, at most 200.
    public var surveyImages: Int?
    /// Where they are taken from.
    public var surveySplit = Split.train

    public init() {}

    /// How many of so many images the table is made from.
    public func surveyImages(of count: Int) -> Int { min(surveyImages ?? 200, count) }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind("kind", &generator, targetGenerators)
        try fields.value("element", &element)
        try fields.value("block", &block, in: 1...4096)
        try fields.optional("surveyImages", &surveyImages, check: .notNegative)
        try fields.value("surveySplit", &surveySplit)
    }
}
