import Autodiff
import Kernels
import Testing

enum Tolerance {
    #if PAG_DOUBLE
        static let isDouble = true
        /// Two ways to compute one number.
        static let identity = 1e-12
    #else
        static let isDouble = false
        static let identity = 2e-5
    #endif
    /// Differences of fourth order with steps of a thousandth, in Double.
    static let finiteDifference = 1e-8
}

/// Expects numbers to agree relative to the largest of them.
func expectAgreement(
    _ values: some Sequence<Scalar>, _ expected: some Sequence<Double>, within tolerance: Double = Tolerance.identity,
    _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    let values = values.map { Double($0) }, expected = Array(expected)
    #expect(values.count == expected.count, comment, sourceLocation: sourceLocation)
    let scale = expected.reduce(0.1) { max($0, abs($1)) }
    // A sum, not a maximum: a NaN anywhere must show.
    let error = zip(values, expected).reduce(0) { $0 + abs($1.0 - $1.1) }
    let bound = tolerance * scale * max(1, Double(values.count).squareRoot())
    #expect(error <= bound, comment, sourceLocation: sourceLocation)
}

func expectAgreement(
    _ tensor: Tensor, _ expected: Tensor, within tolerance: Double = Tolerance.identity, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(tensor.shape == expected.shape, comment, sourceLocation: sourceLocation)
    expectAgreement(
        tensor.array, expected.array.map { Double($0) }, within: tolerance, comment, sourceLocation: sourceLocation)
}

func expectAgreement(
    _ values: [Tensor], _ expected: [Tensor], within tolerance: Double = Tolerance.identity, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == expected.count, comment, sourceLocation: sourceLocation)
    for (value, expected) in zip(values, expected) {
        expectAgreement(value, expected, within: tolerance, comment, sourceLocation: sourceLocation)
    }
}

/// The inner product of two lists of tensors.
func inner(_ a: [Tensor], _ b: [Tensor]) -> Double {
    zip(a, b).reduce(0) { total, pair in
        precondition(pair.0.shape == pair.1.shape, "inner: \(pair.0.shape) and \(pair.1.shape)")
        return total + zip(pair.0.array, pair.1.array).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

/// The inner product as a differentiable number.
func innerProduct(_ a: [Tensor], _ b: [Tensor]) -> Tensor {
    let products = zip(a, b).map { ($0 * $1).total() }
    return products.dropFirst().reduce(products[0], +)
}

/// Directions for a list of tensors.
func random(like tensors: [Tensor], salt: UInt64) -> [Tensor] {
    tensors.enumerated().map { random($1.shape, salt: salt + UInt64($0), in: $1.pool) }
}

/// The derivative of a number along a direction at `point`, by central differences of fourth order.
func finiteDifference(at point: [Tensor], along direction: [Tensor], _ function: ([Tensor]) -> Double) -> Double {
    let step = 1e-3
    func value(_ t: Double) -> Double { function(zip(point, direction).map { $0 + $1 * Scalar(t) }) }
    return (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
}
