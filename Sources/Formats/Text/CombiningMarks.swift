/// Counts combining marks in a row.
///
/// Equality of strings, and so every set of them, sorts the marks of a run in time that grows with its square.
/// Unicode's stream-safe text format (UAX #15, section 13) has at most 30 of them, and no language has more than a few.
public struct CombiningMarks {
    /// Marks in a row that a text may have.
    public static let most = 30
    private var run = 0

    public init() {}

    /// Takes in the next scalar; false where it makes the run too long.
    public mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        run = Self.isMark(scalar) ? run + 1 : 0
        return run <= Self.most
    }

    /// Whether no run of the text is too long.
    static func areFew(in text: some StringProtocol) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        var marks = CombiningMarks()
        return text.unicodeScalars.allSatisfy { marks.take($0) }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        // Three Tibetan vowel signs are no marks by themselves, but decompose into such.
        return scalar.properties.canonicalCombiningClass != .notReordered
            || [0xf73, 0xf75, 0xf81].contains(scalar.value)
    }
}
