/// How values are written that can be spelled in several ways.
enum Spelling { case users, canonical }

/// How one value of a field is read and written; joins scalars and choices so that fields need only one path.
struct Codec<Value> {
    let read: (Setting, String) throws -> Value
    let write: (Value, Spelling) -> ScalarText
}

extension Codec where Value: ConfigScalar {
    static func scalar(_ check: Check<Value>?) -> Codec {
        Codec(
            read: { setting, path in
                let scalar = try setting.scalar(at: path)
                let value: Value
                do throws(ScalarMismatch) {
                    value = try Value(configScalar: scalar)
                } catch {
                    // The quotes are worth a word where they are the mistake.
                    let plain = ScalarText(scalar.text, isQuoted: false)
                    let remark = scalar.isQuoted && (try? Value(configScalar: plain)) != nil ? " in quotes" : ""
                    throw setting.origin.failure("\(path): \(quoted(scalar.text))\(remark) \(error.problem)")
                }
                if let check, !check.holds(value) {
                    let written = value.configScalar
                    let shown = written.isQuoted ? quoted(written.text) : written.text
                    throw setting.origin.failure("\(path): \(shown) \(check.problem)")
                }
                return value
            },
            write: { value, spelling in spelling == .canonical ? value.canonicalScalar : value.configScalar })
    }
}

extension Codec where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice() -> Codec {
        Codec(
            read: { setting, path in
                let spelling = Value.self as? any Spelled.Type
                let spelled = spelling?.init(spelling: try setting.scalar(at: path).text)
                if let value = spelled as? Value { return value }
                let values = Value.allCases.filter { spelling == nil || spelling?.init(spelling: $0.rawValue) != nil }
                return values[try setting.choice(of: values.map(\.rawValue), at: path)]
            },
            write: { value, _ in ScalarText(value.rawValue, isQuoted: true) })
    }
}

extension Codec {
    /// Reads a list with a number of values in `count`.
    func list(_ setting: Setting, _ path: String, count: ClosedRange<Int>) throws -> [Value] {
        guard case .list(let elements) = setting.content else {
            throw setting.origin.failure("\(path): \(setting.noun) is not a list")
        }
        guard count.contains(elements.count) else {
            let bounds = count.upperBound == .max ? "\(count.lowerBound) or more" : "\(count)"
            throw setting.origin.failure("\(path): a list of \(elements.count) values, expected \(bounds)")
        }
        return try elements.enumerated().map { index, element in
            let place = "\(path)[\(index)]"
            guard !element.isNull else { throw element.origin.failure("\(place): empty, expected a single value") }
            return try read(element, place)
        }
    }
}

extension Setting {
    func scalar(at path: String) throws -> ScalarText {
        guard case .scalar(let scalar) = content else {
            throw origin.failure("\(path): \(noun), expected a single value")
        }
        return scalar
    }

    /// The index of the name that this is.
    func choice(of names: [String], at path: String) throws -> Int {
        let text = try scalar(at: path).text
        if let index = names.firstIndex(of: text) { return index }
        let suggestion = nearestSpelling(of: text, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw origin.failure("\(path): \(quoted(text)) is not one of \(names.joined(separator: ", "))\(suggestion)")
    }
}
