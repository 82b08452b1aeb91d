import Kernels

/// An elementary function of every number.
struct Pointwise: Operation {
    let kind: UnaryKind

    var name: String {
        switch kind {
        case .scale: "scale"
        case .offset: "offset"
        case .exponential: "exponential"
        case .logarithm: "logarithm"
        case .squareRoot: "square root"
        case .reciprocalSquareRoot: "reciprocal square root"
        case .sigmoid: "sigmoid"
        case .hyperbolicTangent: "tanh"
        case .errorFunction: "erf"
        }
    }
    var keeps: Kept {
        switch kind {
        case .scale, .offset: .nothing
        case .logarithm, .errorFunction: .input0
        case .exponential, .squareRoot, .reciprocalSquareRoot, .sigmoid, .hyperbolicTangent: .output
        }
    }

    func forward(_ x: [Tensor]) -> Tensor {
        Tensor(x[0].shape, in: x[0].pool) { elementwise(kind, x[0].shape.count, x[0].pointer, $0) }
    }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let ct = p.cotangent
        switch kind {
        case .scale(let factor): return [ct * factor]
        case .offset: return [ct]
        case .exponential: return [ct * p.output]
        case .logarithm: return [ct / p.input(0)]
        case .squareRoot: return [(ct / p.output) * 0.5]
        case .reciprocalSquareRoot: return [ct * (p.output * p.output * p.output) * -0.5]
        case .sigmoid: return [ct * (p.output - p.output * p.output)]
        case .hyperbolicTangent: return [ct * (-(p.output * p.output) + 1)]
        case .errorFunction:
            // 2/sqrt(pi) exp(-x²)
            let x = p.input(0)
            return [ct * ((-(x * x)).exponential() * (2 / Scalar.pi.squareRoot()))]
        }
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { self }
}

extension Tensor {
    /// Every number times `factor`.
    public static func * (a: Tensor, factor: Scalar) -> Tensor { apply(Pointwise(kind: .scale(factor)), [a]) }
    /// Every number plus `term`.
    public static func + (a: Tensor, term: Scalar) -> Tensor { apply(Pointwise(kind: .offset(term)), [a]) }
    /// Every number's negative.
    public static prefix func - (a: Tensor) -> Tensor { a * -1 }
    /// e to the power of every number.
    public func exponential() -> Tensor { apply(Pointwise(kind: .exponential), [self]) }
    /// The natural logarithm of every number.
    public func logarithm() -> Tensor { apply(Pointwise(kind: .logarithm), [self]) }
    /// sqrt(x + epsilon): with epsilon > 0 every derivative is finite at x = 0.
    public func squareRoot(epsilon: Scalar = 0) -> Tensor {
        apply(Pointwise(kind: .squareRoot(epsilon: epsilon)), [self])
    }
    /// 1 / (1 + exp(-x))
    public func sigmoid() -> Tensor { apply(Pointwise(kind: .sigmoid), [self]) }
    /// The hyperbolic tangent of every number.
    public func hyperbolicTangent() -> Tensor { apply(Pointwise(kind: .hyperbolicTangent), [self]) }
    /// The error function of every number.
    public func errorFunction() -> Tensor { apply(Pointwise(kind: .errorFunction), [self]) }
    /// 1 / sqrt(x + epsilon)
    public func reciprocalSquareRoot(epsilon: Scalar) -> Tensor {
        apply(Pointwise(kind: .reciprocalSquareRoot(epsilon: epsilon)), [self])
    }
}
