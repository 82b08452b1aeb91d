import Glibc

/// How the report writes numbers. Everything is independent of the locale.
enum NumberText {
    /// A no-break space, so that a number and its unit stay on one line.
    static let space = "\u{a0}"
    static let missing = "–"

    /// With `places` digits after the point; thousands are grouped by commas.
    static func fixed(_ value: Double, places: Int) -> String {
        precondition((0...9).contains(places), "NumberText.fixed: \(places) places")
        guard value.isFinite else { return missing }
        let factor = pow(10, Double(places))
        let scaled = (value.magnitude * factor).rounded()
        guard scaled < 1e15 else { return scientific(value) }
        let fraction = String(Int(scaled) % Int(factor))
        var text = value < 0 && scaled > 0 ? "\u{2212}" : ""
        text += grouped(Int(scaled) / Int(factor))
        if places > 0 { text += "." + String(repeating: "0", count: places - fraction.count) + fraction }
        return text
    }

    /// A fraction as percent with one decimal, `74.1 %`.
    static func percent(_ fraction: Double?) -> String {
        guard let fraction, fraction.isFinite else { return missing }
        return fixed(100 * fraction, places: 1) + space + "%"
    }

    /// With at least `digits` significant digits, trailing zeros dropped.
    static func short(_ value: Double, digits: Int = 4) -> String {
        guard value.isFinite else { return missing }
        guard value != 0 else { return "0" }
        let exponent = Int(log10(value.magnitude).rounded(.down))
        guard (-5..<12).contains(exponent) else { return scientific(value) }
        return trimmed(fixed(value, places: min(9, max(0, digits - 1 - exponent))))
    }

    static func grouped(_ whole: Int) -> String {
        let digits = Array(String(whole.magnitude))
        var text = whole < 0 ? "\u{2212}" : ""
        for (i, digit) in digits.enumerated() {
            if i > 0 && (digits.count - i) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// An attack's budget: in 255ths where that is what was meant, which 0.8 and its like are by accident.
    static func epsilon(_ value: Double) -> String {
        let levels = value * 255
        let isRound = value * 100 == (value * 100).rounded()
        if value > 0, value < 1, !isRound, (levels - levels.rounded()).magnitude < 1e-6, levels.rounded() >= 1 {
            return "\(Int(levels.rounded()))/255"
        }
        return short(value)
    }

    static func norm(_ name: String) -> String {
        switch name.lowercased() {
        case "l0": "L0"
        case "l2": "L2"
        case "l1": "L1"
        case "linf": "L∞"
        default: name
        }
    }

    static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return missing }
        if seconds < 100 { return fixed(seconds, places: 1) + space + "s" }
        let minutes = Int((seconds / 60).rounded())
        if minutes < 60 { return "\(minutes)\(space)min" }
        return "\(grouped(minutes / 60))\(space)h \(minutes % 60)\(space)min"
    }

    private static func scientific(_ value: Double) -> String {
        var exponent = Int(log10(value.magnitude).rounded(.down))
        // In two steps: ten to the power of 308 and beyond is no Double, nor is what it divides.
        var leading = value * pow(10, Double(-exponent / 2)) * pow(10, Double(-exponent - (-exponent / 2)))
        if (leading.magnitude * 10).rounded() >= 100 {
            leading /= 10
            exponent += 1
        }
        return "\(trimmed(fixed(leading, places: 1)))e\(exponent)"
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
