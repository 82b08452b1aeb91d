import Autodiff
import Kernels
import Layers
import Randomness
import Testing

#if PAG_DOUBLE
    let isDouble = true
    let identityTolerance = 1e-12
#else
    let isDouble = false
    let identityTolerance = 2e-5
#endif

/// Numbers in ±1 that depend on the salt alone.
func random(_ shape: Shape, salt: UInt64, in pool: MemoryPool) -> Tensor {
    var stream = RandomStream(seed: 8, purpose: .test, salt)
    return Tensor(shape, (0..<shape.count).map { _ in Scalar(2 * stream.uniform() - 1) }, in: pool)
}

/// ((step i) mod 11 - 5) / 4: what the PyTorch constants were computed from.
func numbers(_ shape: Shape, step: Int = 7, plus term: Scalar = 0, in pool: MemoryPool) -> Tensor {
    Tensor(shape, (0..<shape.count).map { Scalar(step * $0 % 11 - 5) / 4 + term }, in: pool)
}

/// Expects numbers to agree relative to the largest of them.
func expectAgreement(
    _ values: [Scalar], _ expected: [Double], within tolerance: Double = identityTolerance, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == expected.count, comment, sourceLocation: sourceLocation)
    let scale = expected.reduce(0.1) { max($0, abs($1)) }
    let agrees = zip(values, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * scale }
    #expect(agrees, comment, sourceLocation: sourceLocation)
}

func expectAgreement(
    _ values: [Tensor], _ expected: [Tensor], within tolerance: Double = identityTolerance, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.map(\.shape) == expected.map(\.shape), comment, sourceLocation: sourceLocation)
    for (value, expected) in zip(values, expected) {
        expectAgreement(
            value.array, expected.array.map { Double($0) }, within: tolerance, comment, sourceLocation: sourceLocation)
    }
}

/// A layer with parameters, ready to run.
struct Bench {
    let layer: any Layer
    let builder: ModelBuilder

    init(_ make: (inout ModelBuilder) -> any Layer) {
        var builder = ModelBuilder()
        layer = make(&builder)
        self.builder = builder
    }

    func callAsFunction(
        _ x: Tensor, _ parameters: [Tensor], _ mode: ForwardContext.Mode = .training,
        running: [ForwardContext.SeenStatistics]? = nil
    ) -> (output: Tensor, seen: [ForwardContext.SeenStatistics?]) {
        let running =
            running
            ?? builder.statistics.map {
                .init(
                    mean: Tensor([$0.channels], repeating: 0, in: x.pool),
                    variance: Tensor([$0.channels], repeating: 1, in: x.pool))
            }
        var context = ForwardContext(parameters: parameters, running: running, mode: mode)
        let output = layer(x, &context)
        return (output, context.seen)
    }
}
