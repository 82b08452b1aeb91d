/// What an operation keeps until its derivative rule has run: some inputs, the output, or neither.
public struct Kept: OptionSet, Sendable {
    /// A bit for each input, and one each for `output` and `factors`.
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// The rule reads its cotangent alone.
    public static let nothing: Kept = []
    /// The first input.
    static let input0 = Kept(rawValue: 1)
    /// The second input.
    static let input1 = Kept(rawValue: 2)
    /// The result.
    public static let output = Kept(rawValue: 1 << 8)
    /// All inputs.
    public static let inputs = Kept(rawValue: (1 << 8) - 1)
    /// Of a product of two inputs: each input for the derivative with respect to the other, if that is recorded.
    public static let factors = Kept(rawValue: 1 << 9)
    static func input(_ index: Int) -> Kept { Kept(rawValue: 1 << index) }
}
