import Failures
import Formats

/// The members of a JSON object with the types that the reader expects.
///
/// Members that are absent are nil. Throws `Failure.badInput` naming `place` and the member for another type.
struct JSONFields {
    private let members: [JSONValue.Member]
    let place: String

    init(_ value: JSONValue, place: String) throws {
        guard let members = value.members else { throw Failure.badInput(place, "no object", expected: "{...}") }
        self.members = members
        self.place = place
    }

    subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

    func string(_ key: String) throws -> String? {
        guard let value = present(key) else { return nil }
        guard let string = value.stringValue else { throw wrong(key, expected: "a string") }
        return string
    }

    func requiredString(_ key: String) throws -> String {
        guard let value = try string(key) else { throw missing(key) }
        return value
    }

    func bool(_ key: String) throws -> Bool? {
        guard let value = present(key) else { return nil }
        guard let bool = value.boolValue else { throw wrong(key, expected: "true or false") }
        return bool
    }

    /// NaN where the file has null, which is how JSON holds what is not finite.
    func number(_ key: String) throws -> Double? {
        guard let value = self[key] else { return nil }
        if value.isNull { return .nan }
        guard let number = value.doubleValue else { throw wrong(key, expected: "a number") }
        return number
    }

    func object(_ key: String) throws -> JSONFields? {
        try present(key).map { try JSONFields($0, place: "\(place): \(key)") }
    }

    /// The members of an object of numbers, in their order; NaN for null.
    func numbers(_ key: String) throws -> [(name: String, value: Double)]? {
        guard let value = present(key) else { return nil }
        let object = try JSONFields(value, place: "\(place): \(key)")
        return try object.members.map { ($0.key, try object.number($0.key) ?? .nan) }
    }

    /// A number from 0 to 1, NaN for null.
    func fraction(_ key: String) throws -> Double? {
        guard let number = try number(key) else { return nil }
        guard number.isNaN || (0...1).contains(number) else {
            throw Failure.badInput(place, "\(key) is \(number)", expected: "a number from 0 to 1")
        }
        return number
    }

    /// A number above 0, of normal noise in units of images in [0, 1]; nil for null.
    func deviation(_ key: String) throws -> Double? {
        guard let number = try number(key), !number.isNaN else { return nil }
        guard number > 0, number.isFinite else {
            throw Failure.badInput(place, "\(key) is \(number)", expected: "a number above 0")
        }
        return number
    }

    /// Throws where a share differs from what other members make it by more than rounding does. Nil is not known.
    func require(_ key: String, _ share: Double?, toBe expected: Double?) throws {
        guard let share, let expected, (share - expected).magnitude > 1e-6 else { return }
        throw Failure.badInput(place, "\(key) is \(share)", expected: "\(expected) by the other members")
    }

    /// An integer of at least 0.
    func count(_ key: String) throws -> Int? {
        guard let value = present(key) else { return nil }
        guard let count = value.intValue, count >= 0 else { throw wrong(key, expected: "an integer of at least 0") }
        return count
    }

    /// The elements of an array of objects, at most `limit` of them; empty when the member is absent or null.
    func objects(_ key: String, limit: Int) throws -> [JSONFields] {
        guard let value = present(key) else { return [] }
        return try JSONFields.objects(value, place: "\(place): \(key)", limit: limit)
    }

    /// The elements of an array of strings, at most `limit` of them; empty when the member is absent or null.
    func strings(_ key: String, limit: Int) throws -> [String] {
        guard let value = present(key) else { return [] }
        guard let values = value.arrayValue else { throw wrong(key, expected: "a list of strings") }
        guard values.count <= limit else {
            throw Failure.badInput("\(place): \(key)", "\(values.count) entries", expected: "at most \(limit)")
        }
        return try values.map { value in
            guard let string = value.stringValue else { throw wrong(key, expected: "a list of strings") }
            return string
        }
    }

    static func objects(_ value: JSONValue, place: String, limit: Int) throws -> [JSONFields] {
        guard let values = value.arrayValue else { throw Failure.badInput(place, "no array", expected: "[...]") }
        guard values.count <= limit else {
            throw Failure.badInput(place, "\(values.count) entries", expected: "at most \(limit)")
        }
        return try values.enumerated().map { try JSONFields($1, place: "\(place)[\($0)]") }
    }

    func missing(_ key: String) -> Failure { .badInput(place, "no \(key)") }

    func wrong(_ key: String, expected: String) -> Failure {
        .badInput(place, "\(key) is of another type", expected: expected)
    }

    private func present(_ key: String) -> JSONValue? {
        self[key].flatMap { $0.isNull ? nil : $0 }
    }
}
