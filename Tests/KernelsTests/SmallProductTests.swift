import Kernels
import Randomness
import Testing

@Suite struct SmallProductTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let m, n, k: Int
        let isTransposed: Bool
        var testDescription: String { "\(m)x\(n)x\(k)\(isTransposed ? ", a transposed" : "")" }
    }

    static let cases = [
        (1, 1, 1), (2, 16, 3), (5, 32, 7), (6, 17, 8), (8, 40, 2), (13, 31, 5), (65, 65, 32), (65, 32, 65),
    ]
    .flatMap { size in [false, true].map { Case(m: size.0, n: size.1, k: size.2, isTransposed: $0) } }

    private func numbers(_ count: Int, salt: UInt64) -> [Scalar] {
        var stream = RandomStream(seed: 9, purpose: .test, salt)
        return (0..<count).map { _ in Scalar(2 * stream.uniform() - 1) }
    }

    /// Sums in Double of what stands apart in wider rows, whose other numbers stay as they are.
    @Test(arguments: cases) func agreesWithItsDefinition(_ c: Case) {
        let bRow = c.n + 3, cRow = c.n + 5
        let aRow = c.isTransposed ? 1 : c.k + 2, aColumn = c.isTransposed ? c.m + 2 : 1
        let a = numbers((c.m + 2) * (c.k + 2), salt: 1), b = numbers(c.k * bRow, salt: 2)
        var out = [Scalar](repeating: 7, count: c.m * cRow)
        SmallProduct(m: c.m, n: c.n, k: c.k, aRow: aRow, aColumn: aColumn, bRow: bRow, cRow: cRow).multiply(a, b, &out)
        for row in 0..<c.m {
            for column in 0..<cRow {
                guard column < c.n else {
                    #expect(out[row * cRow + column] == 7)
                    continue
                }
                let sum = (0..<c.k).reduce(0.0) { sum, depth in
                    sum + Double(a[row * aRow + depth * aColumn]) * Double(b[depth * bRow + column])
                }
                #expect(abs(Double(out[row * cRow + column]) - sum) < 2e-7 * Double(c.k + 4))
            }
        }
    }

    @Test func transposition() {
        let x = numbers(5 * 9, salt: 3)
        var out = [Scalar](repeating: 0, count: 4 * 6)
        transposed(rows: 5, columns: 4, x, xRow: 9, &out, stride: 6)
        for row in 0..<5 { for column in 0..<4 { #expect(out[column * 6 + row] == x[row * 9 + column]) } }
    }
}
