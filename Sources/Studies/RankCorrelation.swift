import Glibc

/// Spearman's rank correlation of paired values: whether one rises with the other, whatever the curve.
public struct RankCorrelation: Sendable, Equatable {
    /// -1 to 1.
    public let coefficient: Double
    /// 95 %, by Fisher's transformation with Bonett and Wright's (2000) variance; nil for fewer than four pairs, which
    /// say nothing.
    public let interval: ClosedRange<Double>?
    /// How many it is of.
    public let pairs: Int

    /// Nil for fewer than three pairs, and where all values of a side are the same.
    public init?(_ x: [Double], _ y: [Double]) {
        precondition(x.count == y.count, "RankCorrelation: \(x.count) and \(y.count) values")
        guard x.count >= 3, let coefficient = Self.correlation(Self.ranks(x), Self.ranks(y)) else { return nil }
        self.coefficient = coefficient
        pairs = x.count
        guard pairs >= 4, coefficient.magnitude < 1 else {
            interval = pairs >= 4 ? coefficient...coefficient : nil
            return
        }
        let half = 1.959963984540054 * ((1 + coefficient * coefficient / 2) / Double(pairs - 3)).squareRoot()
        interval = tanh(atanh(coefficient) - half)...tanh(atanh(coefficient) + half)
    }

    /// From 1; equal values share the mean of their places.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count), start = 0
        while start < order.count {
            let end = order[start...].firstIndex { values[$0] != values[order[start]] } ?? order.count
            // The places of start ..< end, counted from 1.
            for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    /// Pearson's; nil where a side does not vary.
    private static func correlation(_ x: [Double], _ y: [Double]) -> Double? {
        let middle = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
        var products = 0.0, squares = (x: 0.0, y: 0.0)
        for (x, y) in zip(x, y) {
            products += (x - middle.0) * (y - middle.1)
            squares.x += (x - middle.0) * (x - middle.0)
            squares.y += (y - middle.1) * (y - middle.1)
        }
        guard squares.x > 0, squares.y > 0 else { return nil }
        return min(1, max(-1, products / (squares.x * squares.y).squareRoot()))
    }
}
