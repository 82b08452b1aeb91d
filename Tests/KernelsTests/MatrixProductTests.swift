import Kernels
import Testing

@Suite struct MatrixProductTests {
    private func naive(
        _ rows: Int, _ n: Int, _ k: Int, _ a: (Int, Int) -> Scalar, _ b: (Int, Int) -> Scalar
    ) -> [Double] {
        indices([rows, n]).map { index in
            (0..<k).reduce(0.0) { $0 + Double(a(index[0], $1)) * Double(b($1, index[1])) }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 8, 11, 17, 33])
    func rowProductsEqualTheDefinition(n: Int) {
        let rows = 3
        for k in [0, 1, 3, 7, 8, 9, 16, 31] {
            let x = random(rows * k, salt: 1), w = random(n * k, salt: 2)
            expectAgreement(
                written(rows * n) { rowProducts(rows: rows, n, k, x, w, transposed: true, $0) },
                naive(rows, n, k, { x[$0 * k + $1] }, { w[$1 * k + $0] }), within: 4 * identityTolerance, "k \(k)")
            expectAgreement(
                written(rows * n) { rowProducts(rows: rows, n, k, x, w, transposed: false, $0) },
                naive(rows, n, k, { x[$0 * k + $1] }, { w[$0 * n + $1] }), within: 4 * identityTolerance, "k \(k)")
        }
    }

    /// A prediction must not depend on the batch around it.
    @Test(arguments: [true, false])
    func rowBitsDoNotDependOnTheRowsAround(transposed: Bool) {
        let rows = 13, n = 10, k = 67, x = random(rows * k, salt: 1), w = random(n * k, salt: 2)
        let all = written(rows * n) { rowProducts(rows: rows, n, k, x, w, transposed: transposed, $0) }
        for row in 0..<rows {
            let one = Array(x[(row * k)..<((row + 1) * k)])
            let alone = written(n) { rowProducts(rows: 1, n, k, one, w, transposed: transposed, $0) }
            #expect(bits(alone) == bits(all[(row * n)..<((row + 1) * n)]))
        }
    }

    @Test(arguments: [false, true], [false, true])
    func gemm(transposeA: Bool, transposeB: Bool) {
        let (m, n) = (5, 7)
        for k in [0, 1, 6] {
            // Rows longer than the matrix, so that a wrong stride shows.
            let strideA = (transposeA ? m : k) + 2, strideB = (transposeB ? k : n) + 1, strideC = n + 3
            let a = random((transposeA ? k : m) * strideA + 9, salt: 1)
            let b = random((transposeB ? n : k) * strideB + 9, salt: 2)
            let start = random(m * strideC, salt: 3)
            let product = naive(
                m, n, k, { transposeA ? a[$1 * strideA + $0] : a[$0 * strideA + $1] },
                { transposeB ? b[$1 * strideB + $0] : b[$0 * strideB + $1] })
            for (alpha, beta) in [(1, 0), (0.5, 1), (2, -0.25)] as [(Scalar, Scalar)] {
                let c = written(m * strideC) {
                    $0.update(from: start, count: m * strideC)
                    BLAS.gemm(
                        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha,
                        a, stride: strideA, b, stride: strideB, beta: beta, $0, stride: strideC)
                }
                let expected = indices([m, strideC]).map { index in
                    let old = Double(start[index[0] * strideC + index[1]])
                    guard index[1] < n else { return old }
                    return Double(alpha) * product[index[0] * n + index[1]] + Double(beta) * old
                }
                expectAgreement(c, expected, "k \(k), alpha \(alpha), beta \(beta)")
            }
        }
    }

    /// beta 0 overwrites, whatever stood there: products go into fresh memory.
    @Test func gemmIntoFreshMemory() {
        let a = random(6, salt: 1), b = random(6, salt: 2)
        let product = written(4) { BLAS.gemm(m: 2, n: 2, k: 3, a, stride: 3, b, stride: 2, $0, stride: 2) }
        #expect(product.allSatisfy { $0.isFinite })
        #expect(written(4) { BLAS.gemm(m: 2, n: 2, k: 0, a, stride: 1, b, stride: 2, $0, stride: 2) } == [0, 0, 0, 0])
        #expect(written(0) { BLAS.gemm(m: 0, n: 2, k: 3, a, stride: 3, b, stride: 2, $0, stride: 2) } == [])
    }

    @Test func library() {
        #expect(!BLAS.coreType.isEmpty && BLAS.build.contains("OpenBLAS") && BLAS.threads >= 1)
    }
}
