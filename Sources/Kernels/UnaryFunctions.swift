import Glibc

/// Functions of one number, applied to `count` numbers. `out` may be `x`.
public enum UnaryKind: Sendable, Hashable {
    case scale(Scalar)
    case offset(Scalar)
    case exponential
    case logarithm
    /// sqrt(x + epsilon)
    case squareRoot(epsilon: Scalar)
    /// 1 / sqrt(x + epsilon)
    case reciprocalSquareRoot(epsilon: Scalar)
    /// 1 / (1 + exp(-x))
    case sigmoid
    case hyperbolicTangent
    /// erf(x), as the smooth activations have it: |error| < 2e-7 in Float.
    case errorFunction
}

/// out = kind(x) for `count` numbers.
public func elementwise(_ kind: UnaryKind, _ count: Int, _ x: Source, _ out: Destination) {
    switch kind {
    case .scale(let factor):
        map(count, x, out) {
            $0 * factor
        } scalar: {
            $0 * factor
        }
    case .offset(let term):
        map(count, x, out) {
            $0 + term
        } scalar: {
            $0 + term
        }
    case .exponential: mapLanes(count, x, out, Exponential())
    case .logarithm: for i in 0..<count { out[i] = log(x[i]) }
    case .squareRoot(let epsilon): for i in 0..<count { out[i] = (x[i] + epsilon).squareRoot() }
    case .reciprocalSquareRoot(let epsilon): for i in 0..<count { out[i] = 1 / (x[i] + epsilon).squareRoot() }
    case .sigmoid: mapLanes(count, x, out, Sigmoid())
    case .hyperbolicTangent: for i in 0..<count { out[i] = tanh(x[i]) }
    case .errorFunction: mapLanes(count, x, out, ErrorFunction())
    }
}

@inline(__always)
func map(
    _ count: Int, _ x: Source, _ out: Destination, _ lanes: (Lanes) -> Lanes, scalar: (Scalar) -> Scalar
) {
    var i = 0
    while i &+ laneCount <= count { store(lanes(load(x + i)), out + i); i &+= laneCount }
    while i < count { out[i] = scalar(x[i]); i &+= 1 }
}

/// out = 0 where x is not positive, else 1.
public func positiveMask(_ count: Int, _ x: Source, _ out: Destination) {
    map(count, x, out) {
        Lanes.zero.replacing(with: 1, where: $0 .> 0)
    } scalar: {
        $0 > 0 ? 1 : 0
    }
}

/// out[r] = dy[r] where y is positive, else 0, for every row r of `count` numbers: the derivative of `rectify` from its
/// result.
public func rectifierGradient(rows: Int, _ count: Int, _ dy: Source, y: Source, _ out: Destination) {
    for row in 0..<rows {
        let dy = dy + row &* count, out = out + row &* count
        var i = 0
        while i &+ laneCount <= count {
            store(Lanes.zero.replacing(with: load(dy + i), where: load(y + i) .> 0), out + i)
            i &+= laneCount
        }
        while i < count { out[i] = y[i] > 0 ? dy[i] : 0; i &+= 1 }
    }
}

/// out = max(x, 0); NaN stays NaN, so that a diverged network shows.
public func rectify(_ count: Int, _ x: Source, _ out: Destination) {
    map(count, x, out) {
        $0.maximum(.zero)
    } scalar: {
        $0 < 0 ? 0 : $0
    }
}

private struct Exponential: LaneFunction {
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes { exponential(x) }
}

private struct Sigmoid: LaneFunction {
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes { 1 / (1 + exponential(-x)) }
}

private struct ErrorFunction: LaneFunction {
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes {
        2 * normal(x * Scalar(2).squareRoot()).distribution - 1
    }
}
