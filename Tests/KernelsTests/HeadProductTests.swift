import Kernels
import Testing

@Suite struct HeadProductTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let m, n, k: Int
        let aIsTransposed, bIsTransposed: Bool
        let unit: BFloat16Unit
        var testDescription: String {
            "\(m)x\(n)x\(k)\(aIsTransposed ? ", a transposed" : "")\(bIsTransposed ? ", b transposed" : ""), \(unit)"
        }
    }

    static let cases = [
        (0, 3, 4), (1, 1, 1), (2, 16, 3), (5, 33, 7), (17, 17, 40), (16, 32, 64), (65, 65, 32), (65, 32, 65),
        (33, 64, 96),
        (197, 197, 64), (100, 64, 197),
    ]
    .flatMap { size in
        BFloat16Unit.allCases.flatMap { unit in
            [false, true].flatMap { a in
                [false, true].map { b in
                    Case(m: size.0, n: size.1, k: size.2, aIsTransposed: a, bIsTransposed: b, unit: unit)
                }
            }
        }
    }

    /// A matrix unit takes all products, vector registers large ones.
    @Test func unitsTakeWhatTheyAreGoodAt() {
        func rounds(_ m: Int, _ n: Int, _ k: Int, _ unit: BFloat16Unit) -> Bool {
            let strides = MatrixStrides(row: 1000, column: 1)
            return HeadProduct(m: m, n: n, k: k, strides, strides, cRow: n, unit: unit).roundsFactors
        }
        for (m, n, k) in [(65, 65, 64), (65, 64, 65), (17, 17, 16)] {
            #expect(!rounds(m, n, k, .none) && !rounds(m, n, k, .registers) && rounds(m, n, k, .tiles))
        }
        for (m, n, k) in [(197, 197, 64), (197, 64, 197)] {
            #expect(!rounds(m, n, k, .none) && rounds(m, n, k, .registers) && rounds(m, n, k, .tiles))
        }
    }

    /// Sums in Double of the factors, rounded where a unit multiplies them, and a second product with the same prepared b.
    @Test(arguments: cases) func agreesWithItsDefinition(_ c: Case) {
        let a = c.aIsTransposed ? MatrixStrides(row: 1, column: c.m + 2) : MatrixStrides(row: c.k + 2, column: 1)
        let b = c.bIsTransposed ? MatrixStrides(row: 1, column: c.k + 3) : MatrixStrides(row: c.n + 3, column: 1)
        let cRow = c.n + 5
        let product = HeadProduct(m: c.m, n: c.n, k: c.k, a, b, cRow: cRow, unit: c.unit)
        let right = random((c.n + 3) * (c.k + 3), salt: 2)
        func dirty(_ count: Int) -> Destination {
            let memory = Destination.allocate(capacity: count)
            memory.initialize(repeating: .nan, count: count)
            return memory
        }
        let form = dirty(product.preparedCount), scratch = dirty(product.scratchCount)
        defer {
            form.deallocate()
            scratch.deallocate()
        }
        for salt: UInt64 in [1, 3] {
            let left = random((c.m + 2) * (c.k + 2), salt: salt)
            var out = [Scalar](repeating: 7, count: c.m * cRow)
            right.withUnsafeBufferPointer { right in
                guard let right = right.baseAddress else { return }
                product.multiply(left, product.prepared(right, in: form), &out, scratch: scratch)
            }
            let (x, y) = product.roundsFactors ? (rounded(left), rounded(right)) : (left, right)
            for row in 0..<c.m {
                for column in 0..<cRow {
                    guard column < c.n else {
                        #expect(out[row * cRow + column] == 7)
                        continue
                    }
                    let sum = (0..<c.k).reduce(0.0) { sum, depth in
                        sum + Double(x[row * a.row + depth * a.column]) * Double(y[depth * b.row + column * b.column])
                    }
                    #expect(abs(Double(out[row * cRow + column]) - sum) < 2e-7 * Double(c.k + 4))
                }
            }
        }
    }
}
