import Autodiff
import Failures
import Kernels

/// Operators that compute every number from the numbers in its place.
extension NodeTranslation {
    func each(_ body: @escaping @Sendable (Tensor) -> Tensor) throws -> [GraphValue] {
        [.activation(mapped(try activation(isMerged: true), body))]
    }

    func line(_ line: PiecewiseLine) throws -> [GraphValue] { try each { $0.bent(by: line) } }

    func add() throws -> [GraphValue] { try pair({ $0 + $1 }) { factor in { $0 + factor } } }
    func subtract() throws -> [GraphValue] { try pair({ $0 - $1 }) { factor in { $0 + -factor } } }
    func multiply() throws -> [GraphValue] { try pair({ $0 * $1 }) { factor in { $0 * factor } } }
    func divide() throws -> [GraphValue] { try pair({ $0 / $1 }, number: nil) }

    /// - Parameter number: the same where the second input is one number that is not trained.
    private func pair(
        _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        number: ((Scalar) -> @Sendable (Tensor) -> Tensor)?
    ) throws -> [GraphValue] {
        let (a, b) = (try value(0), try value(1))
        if let number, case .activation(let x) = a, case .constant(let c) = b, c.count == 1, c.rank <= x.rank,
            c.name == nil
        {
            return [.activation(mapped(x, number(Scalar(c.floats[0]))))]
        }
        return [.activation(try combined(a, b, body))]
    }

    /// The largest of two inputs, b + max(a - b, 0), or the smallest.
    func extremum(isMaximum: Bool) throws -> [GraphValue] {
        guard inputs.count == 2 else { throw refusal("\(inputs.count) inputs, expected two") }
        return [
            .activation(
                try combined(value(0), value(1)) {
                    isMaximum ? $1 + ($0 - $1).rectified() : $1 - ($1 - $0).rectified()
                })
        ]
    }

    func power() throws -> [GraphValue] {
        let exponent = try number(1)
        switch exponent {
        case 0.5: return try each { $0.squareRoot() }
        case -0.5: return try each { $0.reciprocalSquareRoot(epsilon: 0) }
        case 1...16 where exponent == exponent.rounded():
            return try each { x in (1..<Int(exponent)).reduce(x) { power, _ in power * x } }
        default: throw refusal("the exponent \(exponent), expected 0.5, -0.5 or 1 to 16")
        }
    }

    func negated() throws -> [GraphValue] { try each { (x: Tensor) -> Tensor in -x } }

    func reciprocal() throws -> [GraphValue] {
        try each { Tensor(.scalar, repeating: 1, in: $0.pool) / $0 }
    }

    /// Where a condition is the same for all images.
    func choice() throws -> [GraphValue] {
        let condition = try constant(0), flags = try integers(of: condition)
        let yes = GraphConstant(condition.shape, floats: flags.map { $0 != 0 ? 1 : 0 })
        let no = GraphConstant(condition.shape, floats: flags.map { $0 != 0 ? 0 : 1 })
        func part(_ index: Int, _ mask: GraphConstant) throws -> GraphValue {
            switch try value(index) {
            case .activation: return .activation(try combined(value(index), .constant(mask)) { $0 * $1 })
            case .constant(let constant):
                guard !constant.isAbsent else { throw refusal("it chooses parameters") }
                guard let shape = Shape.broadcast(Shape(constant.shape), Shape(mask.shape))?.extents else {
                    throw refusal("shapes \(constant.shape) and \(mask.shape) do not fit")
                }
                let (numbers, mask) = (constant.broadcast(to: shape).floats, mask.broadcast(to: shape).floats)
                return .constant(GraphConstant(shape, floats: zip(numbers, mask).map { $1 == 0 ? 0 : $0 }))
            }
        }
        return [.activation(try combined(part(1, yes), part(2, no)) { $0 + $1 })]
    }

    // MARK: Activations

    func clip() throws -> [GraphValue] {
        let isOld = operatorSet < 11
        let lower = try isOld ? float("min") : has(1) ? number(1) : nil
        let upper = try isOld ? float("max") : has(2) ? number(2) : nil
        let (low, high) = (Scalar(lower ?? -.infinity), Scalar(upper ?? .infinity))
        guard low <= high else { throw refusal("bounds \(low) and \(high)") }
        return try line(.clamp(low, high))
    }

    func leakyRectifier() throws -> [GraphValue] {
        let slope = Scalar(try float("alpha") ?? 0.01)
        return try line(PiecewiseLine(lower: 0, upper: 0, slopes: [slope, 1, 1], offsets: [0, 0, 0]))
    }

    /// x where it is more than alpha, else 0.
    func thresholdedRectifier() throws -> [GraphValue] {
        let alpha = Scalar(try float("alpha") ?? 1)
        return try line(PiecewiseLine(lower: alpha, upper: alpha, slopes: [0, 1, 1], offsets: [0, 0, 0]))
    }

    func hardSigmoid() throws -> [GraphValue] {
        try line(hardSigmoidLine(alpha: float("alpha") ?? 0.2, beta: float("beta") ?? 0.5))
    }

    func hardSwish() throws -> [GraphValue] {
        let line = try hardSigmoidLine(alpha: 1 / 6, beta: 0.5)
        return try each { $0 * $0.bent(by: line) }
    }

    /// max(0, min(1, alpha x + beta))
    private func hardSigmoidLine(alpha: Double, beta: Double) throws -> PiecewiseLine {
        guard alpha > 0, beta.isFinite else { throw refusal("alpha \(alpha), beta \(beta)") }
        return PiecewiseLine(
            lower: Scalar(-beta / alpha), upper: Scalar((1 - beta) / alpha), slopes: [0, Scalar(alpha), 0],
            offsets: [0, Scalar(beta), 1])
    }

    /// x where it is positive, else alpha (exp(x) - 1).
    func exponentialLinear(alpha standard: Double, gamma: Double? = nil) throws -> [GraphValue] {
        let alpha = Scalar(try float("alpha") ?? standard),
            gamma = Scalar(try gamma.map { try float("gamma") ?? $0 } ?? 1)
        let negative = PiecewiseLine.clamp(-.infinity, 0)
        return try each { x in
            let y = x.rectified() + ((x.bent(by: negative).exponential() + -1) * alpha)
            return gamma == 1 ? y : y * gamma
        }
    }

    /// x where it is positive, else alpha (exp(x / alpha) - 1).
    func continuousExponentialLinear() throws -> [GraphValue] {
        let alpha = Scalar(try float("alpha") ?? 1), negative = PiecewiseLine.clamp(-.infinity, 0)
        guard alpha > 0 else { throw refusal("alpha \(alpha)") }
        return try each { x in
            x.rectified() + (((x.bent(by: negative) * (1 / alpha)).exponential() + -1) * alpha)
        }
    }

    func swish() throws -> [GraphValue] {
        let alpha = Scalar(try float("alpha") ?? 1)
        return try each { alpha == 1 ? $0.activated(by: .silu) : $0 * ($0 * alpha).sigmoid() }
    }

    func gelu() throws -> [GraphValue] {
        switch try text("approximate") ?? "none" {
        case "none": return try each { $0.activated(by: .gelu) }
        case "tanh":
            return try each { x in
                let inner = (x + x * x * x * 0.044715) * (2 / Scalar.pi).squareRoot()
                return x * (inner.hyperbolicTangent() + 1) * 0.5
            }
        case let other: throw refusal("approximate \(other.debugDescription.prefix(40))")
        }
    }

    /// log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)).
    func softplus() throws -> [GraphValue] { try each { Self.softplus($0) } }

    func mish() throws -> [GraphValue] { try each { $0 * Self.softplus($0).hyperbolicTangent() } }

    private static func softplus(_ x: Tensor) -> Tensor {
        let absolute = PiecewiseLine(lower: 0, upper: 0, slopes: [-1, 1, 1], offsets: [0, 0, 0])
        return x.rectified() + ((-x.bent(by: absolute)).exponential() + 1).logarithm()
    }

    /// Slopes below zero that are trained, one a channel.
    func parametricRectifier() throws -> [GraphValue] {
        let x = try activation(), negative = PiecewiseLine.clamp(-.infinity, 0)
        let (above, below) = (mapped(x) { $0.rectified() }, mapped(x) { $0.bent(by: negative) })
        let sloped = try combined(.activation(below), value(1)) { $0 * $1 }
        return [.activation(try combined(.activation(above), .activation(sloped)) { $0 + $1 })]
    }

    func absolute() throws -> [GraphValue] {
        try line(PiecewiseLine(lower: 0, upper: 0, slopes: [-1, 1, 1], offsets: [0, 0, 0]))
    }
}
