/// The text of a single value in the configuration.
public struct ScalarText: Sendable, Equatable {
    /// The text, without quotes and with escapes resolved.
    public let text: String

    /// Reading: whether the file has the text in quotes (or as a block), so that it cannot be a number.
    /// Writing: whether the value is a string; the writer leaves the quotes out where nobody could mistake it.
    public let isQuoted: Bool

    public init(_ text: String, isQuoted: Bool) {
        self.text = text
        self.isQuoted = isQuoted
    }

    static let null = ScalarText("null", isQuoted: false)

    /// Whether this is one of the core schema's spellings of null (YAML 1.2.2, 10.3.2).
    var isNull: Bool { !isQuoted && ["", "~", "null", "Null", "NULL"].contains(text) }
}

/// Why a text is no value of the wanted type, as the end of a sentence: "is not an integer".
public struct ScalarMismatch: Error, Equatable {
    /// As a message ends with it.
    public let problem: String

    public init(_ problem: String) { self.problem = problem }
}

/// A type whose values are single values in the configuration.
///
/// `Int`, `UInt64`, `Double`, `Bool` and `String` are; conform a type of your own for a special case such as
/// "a number or `all`". `Self(configScalar: x.configScalar)` must equal `x`. Enumerations of strings that are
/// `CaseIterable` need no conformance: `FieldVisitor` takes them as choices.
public protocol ConfigScalar: Sendable {
    init(configScalar: ScalarText) throws(ScalarMismatch)

    var configScalar: ScalarText { get }

    /// The same for all spellings of a value, where `configScalar` keeps the user's.
    var canonicalScalar: ScalarText { get }
}

extension ConfigScalar {
    public var canonicalScalar: ScalarText { configScalar }
}
