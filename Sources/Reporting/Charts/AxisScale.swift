import Glibc

/// Maps values to places between 0 and 1 along an axis, and says where the ticks are.
struct AxisScale {
    enum Unit { case plain, percent }

    let lower: Double
    let upper: Double
    let isLogarithmic: Bool
    let ticks: [Double]
    let unit: Unit
    private let tickDistance: Double

    /// Smaller numbers count as zero, which keeps quotients of distances finite.
    static let smallest = 1e-30

    /// 0 to 100 percent.
    static let fraction = AxisScale(
        lower: 0, upper: 1, isLogarithmic: false, ticks: [0, 0.25, 0.5, 0.75, 1], unit: .percent, tickDistance: 0.25)

    /// From `minimum` to `maximum`, `rounded` outwards to ticks if asked; about `count` ticks at round numbers.
    static func linear(
        _ minimum: Double, _ maximum: Double, count: Int, rounded: Bool, wholeNumbers: Bool = false
    ) -> AxisScale {
        var lower = minimum, upper = maximum
        let size = max(minimum.magnitude, maximum.magnitude)
        // Equal values get room around them; so do those that Double hardly tells apart.
        if upper - lower <= max(size * 1e-9, smallest) {
            let room = size > smallest ? size * 0.5 : 1
            lower -= room
            upper += room
        }
        var distance = roundDistance((upper - lower) / Double(count))
        if wholeNumbers { distance = max(1, distance) }
        if rounded {
            lower = (lower / distance).rounded(.down) * distance
            upper = (upper / distance).rounded(.up) * distance
        }
        let first = (lower / distance - 1e-6).rounded(.up)
        let last = (upper / distance + 1e-6).rounded(.down)
        let number = min(4 * count, max(0, Int(last - first) + 1))
        let ticks = (0..<number).map { (first + Double($0)) * distance }
        return AxisScale(
            lower: lower, upper: upper, isLogarithmic: false, ticks: ticks, unit: .plain, tickDistance: distance)
    }

    /// Ticks at powers of ten, with 2 and 5 between where those are few. `minimum` must be at least `smallest`.
    static func logarithmic(_ minimum: Double, _ maximum: Double) -> AxisScale {
        precondition(minimum >= smallest && maximum >= minimum, "AxisScale.logarithmic: \(minimum) to \(maximum)")
        let lower = minimum * 0.9, upper = maximum * 1.1
        let first = Int(log10(lower).rounded(.down)), last = Int(log10(upper).rounded(.up))
        let stride = max(1, (last - first + 5) / 6)
        var ticks: [Double] = []
        for exponent in Swift.stride(from: first, through: last, by: stride) {
            for factor in last - first <= 2 ? [1.0, 2, 5] : [1.0] {
                let tick = factor * pow(10, Double(exponent))
                if tick >= lower && tick <= upper { ticks.append(tick) }
            }
        }
        return AxisScale(
            lower: lower, upper: upper, isLogarithmic: true, ticks: ticks, unit: .plain, tickDistance: lower)
    }

    func position(_ value: Double) -> Double {
        isLogarithmic ? log(value / lower) / log(upper / lower) : (value - lower) / (upper - lower)
    }

    func label(_ tick: Double) -> String {
        if unit == .percent { return NumberText.fixed(100 * tick, places: 0) + NumberText.space + "%" }
        if isLogarithmic || tick.magnitude >= 1e7 { return NumberText.short(tick, digits: 3) }
        guard tickDistance >= 1e-5 else { return NumberText.short(tick, digits: 3) }
        let places = max(0, Int((-log10(tickDistance) - 1e-9).rounded(.up)))
        return NumberText.fixed(tick, places: min(9, places))
    }

    /// The number 1, 2 or 5 times a power of ten that is nearest above `distance`.
    private static func roundDistance(_ distance: Double) -> Double {
        let power = pow(10, log10(distance).rounded(.down))
        for factor in [1.0, 2, 5] where factor * power >= distance * 0.999 { return factor * power }
        return 10 * power
    }
}
