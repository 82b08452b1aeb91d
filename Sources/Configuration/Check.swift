/// A condition that a value has to meet beyond its type.
public struct Check<Value: Sendable>: Sendable {
    let problem: String
    let holds: @Sendable (Value) -> Bool

    /// `problem` says of a value that fails what is wrong, as the end of a sentence: "is not positive".
    public init(_ problem: String, holds: @escaping @Sendable (Value) -> Bool) {
        self.problem = problem
        self.holds = holds
    }
}

extension Check where Value: Comparable {
    /// From the lower to the upper bound of `range`, both included.
    public static func within(_ range: ClosedRange<Value>) -> Check {
        Check("is not in \(range)") { range.contains($0) }
    }

    public static func atLeast(_ bound: Value) -> Check {
        Check("is less than \(bound)") { $0 >= bound }
    }

    /// At least `lower` and less than `upper`, as for momentum and decay rates.
    public static func from(_ lower: Value, below upper: Value) -> Check {
        Check("is not in \(lower)..<\(upper)") { $0 >= lower && $0 < upper }
    }
}

extension Check where Value: Comparable & ExpressibleByIntegerLiteral {
    /// Greater than zero.
    public static var positive: Check { Check("is not positive") { $0 > 0 } }

    /// Zero or greater.
    public static var notNegative: Check { Check("is negative") { $0 >= 0 } }
}

extension Check where Value: FixedWidthInteger {
    public static var powerOfTwo: Check {
        Check("is not a power of two") { $0 > 0 && $0.nonzeroBitCount == 1 }
    }
}

extension Check where Value == String {
    public static var notEmpty: Check { Check("is empty") { !$0.allSatisfy(\.isWhitespace) } }
}
