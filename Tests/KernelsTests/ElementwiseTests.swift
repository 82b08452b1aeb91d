import Glibc
import Kernels
import Testing

@Suite struct ElementwiseTests {
    private func check(_ kind: UnaryKind, _ x: [Scalar], _ reference: (Double) -> Double) {
        for count in 0...x.count {
            let expected = x[..<count].map { reference(Double($0)) }
            expectAgreement(written(count) { elementwise(kind, count, x, $0) }, expected)
        }
    }

    @Test func unaryFunctions() {
        let any = random(19), positive = any.map { abs($0) + 0.25 }
        check(.scale(-1.5), any) { -1.5 * $0 }
        check(.offset(0.75), any) { $0 + 0.75 }
        check(.exponential, any) { exp($0) }
        check(.logarithm, positive) { log($0) }
        check(.squareRoot(epsilon: 0.5), positive) { ($0 + 0.5).squareRoot() }
        check(.reciprocalSquareRoot(epsilon: 0.5), positive) { 1 / ($0 + 0.5).squareRoot() }
    }

    @Test func inPlace() {
        let x = random(19)
        let values = written(19) {
            $0.update(from: x, count: 19)
            elementwise(.scale(3), 19, $0, $0)
        }
        #expect(values == x.map { $0 * 3 })
    }

    /// Lanes and the remainder of a row treat every number alike.
    @Test func rectifier() {
        let special: [Scalar] = [1.5, -1.5, 0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -1e-30]
        for shift in 0..<12 {
            let x = [Scalar](repeating: 2, count: shift) + special + [.nan]
            let y = written(x.count) { rectify(x.count, x, $0) }
            #expect(y.dropLast() == x.dropLast().map { $0 > 0 ? $0 : 0 }[...])
            #expect(y[x.count - 1].isNaN, "a diverged network must show")
            let mask = written(x.count) { positiveMask(x.count, x, $0) }
            #expect(mask == x.map { $0 > 0 ? 1 : 0 })
            let dy = random(2 * x.count)
            let gradient = written(2 * x.count) { rectifierGradient(rows: 2, x.count, dy, y: x, $0) }
            #expect(gradient == dy.indices.map { x[$0 % x.count] > 0 ? dy[$0] : 0 })
        }
    }

    @Test(arguments: [1, 2, 3, 10, 17])
    func logSoftmaxEqualsTheDefinition(columns: Int) {
        let rows = 4, x = random(rows * columns).map { $0 * 5 }
        let expected = (0..<rows).flatMap { row -> [Double] in
            let z = doubles(x[(row * columns)..<((row + 1) * columns)])
            let total = z.reduce(0) { $0 + exp($1) }
            return z.map { $0 - log(total) }
        }
        expectAgreement(written(x.count) { logSoftmax(rows: rows, columns: columns, x, $0) }, expected)
    }

    @Test func logSoftmaxOfExtremeNumbers() {
        func row(_ x: [Scalar]) -> [Scalar] { written(x.count) { logSoftmax(rows: 1, columns: x.count, x, $0) } }
        #expect(row([1e4, -1e4, 0]) == [0, -2e4, -1e4])
        #expect(row([-1e4, -1e4 - 1]).allSatisfy { $0.isFinite })
        // The logarithm keeps its digits beside a large shift.
        for shift in [0, 1e4, -1e4, 1e6] as [Scalar] {
            expectAgreement(row([shift, shift]), [-log(2.0), -log(2.0)], "shift \(shift)")
            expectAgreement(
                row([shift, shift + 1, shift - 2]),
                [0, 1, -2].map { $0 - log(1 + exp(1.0) + exp(-2.0)) }, "shift \(shift)")
        }
        #expect(row([-.infinity, 3]) == [-.infinity, 0])
        #expect(row([.nan, 1]).allSatisfy { $0.isNaN } && row([1, .nan]).allSatisfy { $0.isNaN })
    }
}
