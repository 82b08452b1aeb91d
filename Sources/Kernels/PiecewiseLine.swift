/// A continuous or broken line of three straight pieces: up to and with `lower`, between, and from `upper` on. NaN stays
/// NaN.
public struct PiecewiseLine: Sendable, Hashable {
    /// Where the middle piece begins and ends, which belongs to it on neither side.
    public let lower, upper: Scalar
    /// Of the three pieces.
    public let slopes: SIMD3<Scalar>
    /// Their values at 0.
    public let offsets: SIMD3<Scalar>

    public init(lower: Scalar, upper: Scalar, slopes: SIMD3<Scalar>, offsets: SIMD3<Scalar>) {
        self.lower = lower
        self.upper = upper
        self.slopes = slopes
        self.offsets = offsets
    }

    /// x, but at least `lower` and at most `upper`.
    public static func clamp(_ lower: Scalar, _ upper: Scalar) -> PiecewiseLine {
        PiecewiseLine(lower: lower, upper: upper, slopes: [0, 1, 0], offsets: [lower, 0, upper])
    }

    @inline(__always) private func pieces(_ x: Lanes, _ values: SIMD3<Scalar>) -> Lanes {
        Lanes(repeating: values[1]).replacing(with: values[2], where: x .>= upper).replacing(
            with: values[0], where: x .<= lower)
    }
    @inline(__always) private func piece(_ x: Scalar, _ values: SIMD3<Scalar>) -> Scalar {
        x <= lower ? values[0] : x >= upper ? values[2] : values[1]
    }

    /// out = f(x) for `count` numbers.
    public func apply(_ count: Int, _ x: Source, _ out: Destination) {
        // A slope of 0 makes infinity NaN, so the flat pieces are chosen and not computed.
        let flat = SIMD3<Scalar>(repeating: 0).replacing(with: 1, where: slopes .== 0)
        map(count, x, out) { x in
            let value = x * pieces(x, slopes) + pieces(x, offsets)
            return value.replacing(with: pieces(x, offsets), where: pieces(x, flat) .> 0 .& (x .== x))
        } scalar: { x in
            x == x && piece(x, flat) > 0 ? piece(x, offsets) : x * piece(x, slopes) + piece(x, offsets)
        }
    }

    /// out[r] = f'(x) dy[r] for every row r of `count` numbers.
    public func gradient(rows: Int, _ count: Int, _ dy: Source, _ x: Source, _ out: Destination) {
        for row in 0..<rows {
            let dy = dy + row &* count, out = out + row &* count
            var i = 0
            while i &+ laneCount <= count {
                store(load(dy + i) * pieces(load(x + i), slopes), out + i)
                i &+= laneCount
            }
            while i < count { out[i] = dy[i] * piece(x[i], slopes); i &+= 1 }
        }
    }
}
