import Glibc

/// A number with a fixed number of decimals.
public func rounded(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let power = pow(10, Double(decimals)), scaled = (abs(value) * power).rounded()
    guard scaled < 1e15 else { return String(value) }
    var digits = String(Int(scaled))
    if decimals > 0 {
        digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
    }
    return (value < 0 && scaled > 0 ? "-" : "") + digits
}

/// Seconds as `2 h 05 min`, `3 min 20 s` or `12 s`.
public func duration(_ seconds: Double) -> String {
    let total = Int(max(0, min(seconds, 1e9)).rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if total >= 3600 { return "\(total / 3600) h \(two(total / 60 % 60)) min" }
    if total >= 60 { return "\(total / 60) min \(two(total % 60)) s" }
    return "\(total) s"
}
