extension Int: ConfigScalar {}
extension UInt64: ConfigScalar {}

extension ConfigScalar where Self: FixedWidthInteger {
    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        let text = configScalar.text
        let digits =
            text.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true
            ? text.utf8.dropFirst() : text.utf8[...]
        guard !configScalar.isQuoted, !digits.isEmpty, digits.allSatisfy(isDigit) else {
            throw ScalarMismatch("is not an integer")
        }
        guard let value = Self(text) else {
            throw ScalarMismatch("is not in \(Self.min)...\(Self.max)")
        }
        self = value
    }

    public var configScalar: ScalarText { ScalarText(String(self), isQuoted: false) }
}

extension Double: ConfigScalar {
    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        // Swift's parser also takes hexadecimal, "inf" and "nan", which no field has a use for.
        let isDecimal = configScalar.text.utf8.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
        guard !configScalar.isQuoted, isDecimal, let value = Double(configScalar.text) else {
            throw ScalarMismatch("is not a number")
        }
        guard value.isFinite else { throw ScalarMismatch("is too large for a 64-bit number") }
        self = value
    }

    /// The shortest decimal that reads back to the same bits.
    public var configScalar: ScalarText {
        precondition(isFinite, "Configuration: \(self) has no decimal form; use an optional field for \"no limit\"")
        var text = "\(self)"
        // Without a point, readers of YAML 1.1 (PyYAML among them) take 1e-05 for a string.
        if let exponent = text.firstIndex(of: "e"), !text.contains(".") {
            text.insert(contentsOf: ".0", at: exponent)
        }
        return ScalarText(text, isQuoted: false)
    }
}

extension Bool: ConfigScalar {
    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        switch configScalar.isQuoted ? "" : configScalar.text {
        case "true", "True", "TRUE": self = true
        case "false", "False", "FALSE": self = false
        default: throw ScalarMismatch("is not true or false")
        }
    }

    public var configScalar: ScalarText { ScalarText(self ? "true" : "false", isQuoted: false) }
}

extension String: ConfigScalar {
    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        // Most strings are paths, which system calls would silently cut short.
        guard !configScalar.text.utf8.contains(0) else { throw ScalarMismatch("contains a NUL character") }
        self = configScalar.text
    }

    public var configScalar: ScalarText { ScalarText(self, isQuoted: true) }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
