/// A smooth activation and all its derivatives, by order: the closed family that makes gradients of gradients exact.
public enum SmoothActivation: String, Sendable, CaseIterable {
    /// x Phi(x) with the normal distribution function Phi (Hendrycks and Gimpel 2016; the exact form, not tanh).
    case gelu
    /// x sigma(x) with the logistic function sigma (Elfwing, Uchibe, Doya 2017).
    case silu

    /// Applies the derivative of the given order (0 is the function itself) to `count` numbers.
    public func apply(order: Int, _ count: Int, _ x: Source, _ out: Destination) {
        switch (self, order) {
        case (.gelu, 0): mapLanes(count, x, out, Gelu())
        case (.gelu, 1): mapLanes(count, x, out, GeluSlope())
        case (.gelu, _): mapLanes(count, x, out, GeluDerivative(polynomial: geluPolynomial(order: order)))
        case (.silu, _):
            // (x s)^(n) = x s^(n) + n s^(n-1), and every derivative of s is a polynomial in s.
            let lower = order == 0 ? [] : logisticPolynomial(order: order - 1).map { $0 * Scalar(order) }
            mapLanes(count, x, out, SiluDerivative(own: logisticPolynomial(order: order), lower: lower))
        }
    }
}

private struct Gelu: LaneFunction {
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes { x * normal(x).distribution }
}

private struct GeluSlope: LaneFunction {
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes {
        let (density, distribution) = normal(x)
        return distribution.addingProduct(x, density)
    }
}

/// Of second order and beyond.
private struct GeluDerivative: LaneFunction {
    let polynomial: [Scalar]
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes {
        normal(x).density * evaluate(polynomial, x)
    }
}

private struct SiluDerivative: LaneFunction {
    let own, lower: [Scalar]
    @inline(__always) func callAsFunction(_ x: RegisterLanes) -> RegisterLanes {
        let s = 1 / (1 + exponential(-x))
        return x * evaluate(own, s) + evaluate(lower, s)
    }
}

/// P with gelu^(n) = P phi, n >= 2: from 2 - x^2 by P' - x P.
private func geluPolynomial(order: Int) -> [Scalar] {
    var p: [Scalar] = [2, 0, -1]
    for _ in 2..<max(2, order) {
        var next = derivative(p) + [0, 0]
        for (power, coefficient) in p.enumerated() { next[power + 1] -= coefficient }
        p = next
    }
    return p
}

/// Q with sigma^(n) = Q(sigma): from s by Q'(s) s (1 - s).
private func logisticPolynomial(order: Int) -> [Scalar] {
    var q: [Scalar] = [0, 1]
    for _ in 0..<order {
        let slope = derivative(q)
        var next = [Scalar](repeating: 0, count: slope.count + 2)
        for (power, coefficient) in slope.enumerated() {
            next[power + 1] += coefficient
            next[power + 2] -= coefficient
        }
        q = next
    }
    return q
}

private func derivative(_ p: [Scalar]) -> [Scalar] {
    p.enumerated().dropFirst().map { Scalar($0.offset) * $0.element }
}
@inline(__always)
private func evaluate(_ p: [Scalar], _ x: RegisterLanes) -> RegisterLanes {
    var value = RegisterLanes.zero, power = p.count
    while power > 0 {
        power &-= 1
        value = RegisterLanes(repeating: p[power]).addingProduct(value, x)
    }
    return value
}
