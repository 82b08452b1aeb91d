import Autodiff
import Glibc
import Kernels

private let broadcastPairs: [(Shape, Shape)] = [
    ([3, 4], [3, 4]), ([2, 3, 5], [5]), ([4], [3, 2, 4]), ([3, 1], [1, 5]), ([2, 1, 3], [4, 1]), ([], [3]),
    ([2, 9], []), ([2, 3, 1, 2], [2, 1, 3, 1]),
]

private func naive(
    _ pair: [NaiveTensor], _ function: (Double, Double) -> Double
) -> NaiveTensor {
    let rank = max(pair[0].extents.count, pair[1].extents.count)
    let padded = pair.map { Array(repeating: 1, count: rank - $0.extents.count) + $0.extents }
    return NaiveTensor(zip(padded[0], padded[1]).map { max($0, $1) }) { index in
        function(pair[0].repeated(at: index), pair[1].repeated(at: index))
    }
}

let arithmeticChecks: [OperationCheck] = broadcastPairs.flatMap { a, b in
    [
        OperationCheck(name: "add", covers: ["Arithmetic"], inputs: [a, b]) {
            $0[0] + $0[1]
        } reference: {
            naive($0, +)
        },
        OperationCheck(name: "subtract", covers: ["Arithmetic"], inputs: [a, b]) {
            $0[0] - $0[1]
        } reference: {
            naive($0, -)
        },
        OperationCheck(name: "multiply", covers: ["Arithmetic"], inputs: [a, b]) {
            $0[0] * $0[1]
        } reference: {
            naive($0, *)
        },
        OperationCheck(
            name: "divide", covers: ["Arithmetic"], inputs: [a, b], domains: [.anywhere, .awayFromZero]
        ) {
            $0[0] / $0[1]
        } reference: {
            naive($0, /)
        },
    ]
}

private func unary(
    _ name: String, _ covers: [String] = ["Pointwise"], _ domain: OperationCheck.Domain = .anywhere,
    _ function: @escaping @Sendable (Tensor) -> Tensor, is reference: @escaping @Sendable (Double) -> Double
) -> OperationCheck {
    OperationCheck(name: name, covers: covers, inputs: [[3, 7]], domains: [domain]) {
        function($0[0])
    } reference: {
        $0[0].map(reference)
    }
}

let pointwiseChecks: [OperationCheck] = [
    unary("sigmoid") {
        $0.sigmoid()
    } is: {
        1 / (1 + exp(-$0))
    },
    unary("tanh") {
        $0.hyperbolicTangent()
    } is: {
        tanh($0)
    },
    unary("erf") {
        $0.errorFunction()
    } is: {
        erf($0)
    },
    unary("scale") {
        $0 * 0.75
    } is: {
        0.75 * $0
    },
    unary("offset") {
        $0 + 1.25
    } is: {
        $0 + 1.25
    },
    unary("negation") {
        -$0
    } is: {
        -$0
    },
    unary("exponential") {
        $0.exponential()
    } is: {
        exp($0)
    },
    unary("logarithm", .positive) {
        $0.logarithm()
    } is: {
        log($0)
    },
    unary("square root", .positive) {
        $0.squareRoot()
    } is: {
        sqrt($0)
    },
    unary("square root with epsilon", .positive) {
        $0.squareRoot(epsilon: 0.5)
    } is: {
        sqrt($0 + 0.5)
    },
    unary("reciprocal square root", .positive) {
        $0.reciprocalSquareRoot(epsilon: 0.25)
    } is: {
        1 / sqrt($0 + 0.25)
    },
]

private func unary(
    _ name: String, _ domain: OperationCheck.Domain, _ function: @escaping @Sendable (Tensor) -> Tensor,
    is reference: @escaping @Sendable (Double) -> Double
) -> OperationCheck { unary(name, ["Pointwise"], domain, function, is: reference) }

/// s f'(x), through the derivative rule of f.
private func slope(_ function: SmoothActivation, _ x: Tensor, _ s: Tensor) -> Tensor {
    let x = x.isRecorded ? x : x.variable
    return gradients(of: x.activated(by: function), seed: s, with: [x], recording: true)[0]
}

private func density(_ x: Double) -> Double { exp(-x * x / 2) / sqrt(2 * .pi) }
private func distribution(_ x: Double) -> Double { (1 + erf(x / sqrt(2.0))) / 2 }
private func logistic(_ x: Double) -> Double { (1 + tanh(x / 2)) / 2 }

let activationChecks: [OperationCheck] =
    [
        unary("relu", ["Rectifier", "RectifierGradient"], .awayFromZero) {
            $0.rectified()
        } is: {
            max($0, 0)
        },
        unary("gelu", ["Smooth"]) {
            $0.activated(by: .gelu)
        } is: {
            $0 * distribution($0)
        },
        unary("silu", ["Smooth"]) {
            $0.activated(by: .silu)
        } is: {
            $0 * logistic($0)
        },
        OperationCheck(name: "slope of gelu", covers: ["Smooth"], inputs: [[2, 5], [2, 5]]) {
            slope(.gelu, $0[0], $0[1])
        } reference: {
            naive($0) { x, s in s * (distribution(x) + x * density(x)) }
        },
        OperationCheck(name: "slope of silu", covers: ["Smooth"], inputs: [[2, 5], [2, 5]]) {
            slope(.silu, $0[0], $0[1])
        } reference: {
            naive($0) { x, s in s * logistic(x) * (1 + x * (1 - logistic(x))) }
        },
        unary("statistics gate", ["StatisticsGate"]) {
            $0.gatedStatistics()
        } is: {
            $0
        },
    ]
    + ([[5], [3, 4], [2, 2, 3], [2, 1]] as [Shape]).map { shape in
        OperationCheck(name: "log-softmax", covers: ["LogSoftmax"], inputs: [shape]) {
            $0[0].logSoftmax()
        } reference: { x in
            NaiveTensor(x[0].extents) { index in
                let row = (0..<x[0].extents[index.count - 1]).map { x[0][index.dropLast() + [$0]] }
                return x[0][index] - log(row.reduce(0) { $0 + exp($1) })
            }
        }
    }

/// Every input is away from zero by 0.4, which the knots are not.
private let lines: [(String, PiecewiseLine, @Sendable (Double) -> Double)] = [
    ("clamp", .clamp(-0.2, 0.3), { min(max($0, -0.2), 0.3) }),
    ("at least", .clamp(0.1, .infinity), { max($0, 0.1) }),
    ("at most", .clamp(-.infinity, 0), { min($0, 0) }),
    (
        "leaky", PiecewiseLine(lower: 0, upper: 0, slopes: [0.1, 1, 1], offsets: [0, 0, 0]),
        { $0 > 0 ? $0 : 0.1 * $0 }
    ),
    (
        "threshold", PiecewiseLine(lower: 0.2, upper: 0.2, slopes: [0, 1, 1], offsets: [0, 0, 0]), { $0 > 0.2 ? $0 : 0 }
    ),
    (
        "bent twice", PiecewiseLine(lower: -0.35, upper: 0.2, slopes: [2, -1, 0.5], offsets: [1.05, 0, -0.3]),
        { $0 < -0.35 ? 2 * $0 + 1.05 : $0 < 0.2 ? -$0 : 0.5 * $0 - 0.3 }
    ),
]

let piecewiseChecks: [OperationCheck] = lines.map { name, line, reference in
    unary(
        "piecewise line, \(name)", ["Piecewise", "PiecewiseGradient"], .awayFromZero, { $0.bent(by: line) },
        is: reference)
}
