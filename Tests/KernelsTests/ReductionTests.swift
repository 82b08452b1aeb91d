import Kernels
import Testing

@Suite struct ReductionTests {
    static let shapes: [[Int]] = [
        [], [1], [7], [17], [3, 5], [70, 3], [3, 70], [130, 17], [70, 40],
        [2, 3, 4], [4, 1, 9], [2, 70, 11], [3, 2, 2, 19], [2, 3, 1, 2, 5],
        [0], [0, 3], [3, 0], [2, 0, 3],
    ]

    /// Every choice of axes.
    @Test(arguments: shapes)
    func sumsEqualTheDefinition(shape: [Int]) {
        let x = random(shape.reduce(1, *), salt: 1), y = random(x.count, salt: 2)
        for choice in 0..<(1 << shape.count) {
            let reducing = shape.indices.map { choice >> $0 & 1 == 1 }
            let kept = zip(shape, reducing).map { $1 ? 1 : $0 }
            var expected = [Double](repeating: 0, count: kept.reduce(1, *)), products = expected
            for (offset, index) in indices(shape).enumerated() {
                let target = zip(index, zip(kept, reducing)).reduce(0) { $0 * $1.1.0 + ($1.1.1 ? 0 : $1.0) }
                expected[target] += Double(x[offset])
                products[target] += Double(x[offset]) * Double(y[offset])
            }
            let plan = ReductionPlan(shape: shape, reducing: reducing)
            #expect(plan.outputCount == expected.count)
            expectAgreement(written(plan.outputCount) { sum(plan, x, $0) }, expected, "reducing \(reducing)")
            expectAgreement(
                written(plan.outputCount) { productSum(plan, x, y, $0) }, products, "products, reducing \(reducing)")
        }
    }

    @Test(arguments: [(0, 3), (1, 1), (3, 8), (65, 8), (64, 17), (131, 24), (7, 5)])
    func squaredDeviationsEqualTheDefinition(rows: Int, columns: Int) {
        let x = random(rows * columns, salt: 1), mean = random(columns, salt: 2)
        let expected = (0..<columns).map { c in
            (0..<rows).map { Double(x[$0 * columns + c]) - Double(mean[c]) }.reduce(0.0) { $0 + $1 * $1 }
        }
        expectAgreement(
            written(columns) { squaredDeviationSums(rows: rows, columns: columns, x, mean: mean, $0) }, expected)
    }

    /// Adding 300,000 tenths one by one is off by a thousandth in Float; block by block it is not.
    @Test func longSumsKeepTheirDigits() {
        let count = 300_000, x = [Scalar](repeating: 0.1, count: count)
        let exact = Double(x[0]) * Double(count), tolerance = isDouble ? 1e-13 : 2e-5
        #expect(abs(Double(contiguousSum(count, x)) - exact) <= tolerance * exact)
        for columns in [1, 3, 10, 20] {
            let rows = count / columns, column = Double(x[0]) * Double(rows)
            let plan = ReductionPlan(shape: [rows, columns], reducing: [true, false])
            let ones = [Scalar](repeating: 1, count: count)
            for total in written(columns, { sum(plan, x, $0) }) + written(columns, { productSum(plan, x, ones, $0) }) {
                #expect(abs(Double(total) - column) <= tolerance * column)
            }
        }
    }

    @Test func contiguousSumsOfEveryLength() {
        let x = random(700)
        for count in Array(0...140) + [511, 512, 513, 640, 699] {
            let expected = doubles(x[..<count]).reduce(0, +)
            #expect(abs(Double(contiguousSum(count, x)) - expected) <= 20 * identityTolerance)
        }
    }

    /// The order of summation depends on the shape, not on where the numbers lie.
    @Test func bitsDoNotDependOnAlignment() {
        let x = random(40 * 37)
        let plan = ReductionPlan(shape: [40, 37], reducing: [true, false])
        let all = ReductionPlan(shape: [40, 37], reducing: [true, true])
        let (columns, total) = (written(37) { sum(plan, x, $0) }, written(1) { sum(all, x, $0) })
        for shift in 1..<9 {
            let moved = [Scalar](repeating: 9, count: shift) + x
            moved.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                #expect(bits(written(37) { sum(plan, base + shift, $0) }) == bits(columns))
                #expect(bits(written(1) { sum(all, base + shift, $0) }) == bits(total))
            }
        }
    }
}
