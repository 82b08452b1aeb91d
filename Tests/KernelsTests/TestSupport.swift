import Kernels
import Randomness
import Testing

#if PAG_DOUBLE
    let isDouble = true
    let identityTolerance = 1e-13
#else
    let isDouble = false
    let identityTolerance = 2e-6
#endif

/// Numbers in ±1 that depend on the salt alone.
func random(_ count: Int, salt: UInt64 = 0) -> [Scalar] {
    var stream = RandomStream(seed: 5, purpose: .test, salt)
    return (0..<count).map { _ in Scalar(2 * stream.uniform() - 1) }
}

/// `count` numbers that `fill` writes. They start as NaN and stand between sentinels: a kernel must write all of its
/// output and nothing else.
func written(
    _ count: Int, sourceLocation: SourceLocation = #_sourceLocation, _ fill: (Destination) -> Void
) -> [Scalar] {
    let margin = 16, sentinel: Scalar = 12345
    var buffer = [Scalar](repeating: sentinel, count: count + 2 * margin)
    for i in 0..<count { buffer[margin + i] = .nan }
    buffer.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { fill(base + margin) } }
    let outside = buffer.prefix(margin) + buffer.suffix(margin)
    #expect(outside.allSatisfy { $0 == sentinel }, "written outside", sourceLocation: sourceLocation)
    return Array(buffer[margin..<(margin + count)])
}

/// Expects numbers to agree relative to the largest of them.
func expectAgreement(
    _ values: [Scalar], _ expected: [Double], within tolerance: Double = identityTolerance, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == expected.count, comment, sourceLocation: sourceLocation)
    let scale = expected.reduce(1) { max($0, abs($1)) }
    let agrees = zip(values, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * scale }
    #expect(agrees, comment, sourceLocation: sourceLocation)
}

/// Numbers of bfloat16.
func rounded(_ values: [Scalar]) -> [Scalar] {
    written(values.count) { roundToBFloat16(values.count, values, $0) }
}

func doubles(_ values: some Sequence<Scalar>) -> [Double] { values.map { Double($0) } }
func bits(_ values: some Sequence<Scalar>) -> [UInt64] { values.map { UInt64($0.bitPattern) } }

/// All indices of a shape in row-major order.
func indices(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { indices, extent in indices.flatMap { index in (0..<extent).map { index + [$0] } } }
}
