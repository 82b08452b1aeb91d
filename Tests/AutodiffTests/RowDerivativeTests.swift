import Autodiff
import Kernels
import Testing

private let functions: [@Sendable (Tensor) -> Tensor] = [
    { $0.softmax(scale: 0.75) }, { $0.normalisedRows(epsilon: 0.01) },
]

/// Derivatives of rules that are made in one pass where nothing follows are those of the operations otherwise.
@Suite struct RowDerivativeTests {
    @Test(arguments: functions.indices, [[3, 7], [2, 3, 17], [5, 40]] as [Shape])
    func onePassAndOperationsAgree(_ function: Int, _ shape: Shape) {
        let pool = MemoryPool(), x = random(shape, salt: 1, in: pool).variable
        // Three classes in front.
        let seed = random([3] + shape, salt: 2, in: pool)
        let first = gradients(of: functions[function](x), seed: seed, with: [x], recording: true)[0]
        let weights = random(first.shape, salt: 3, in: pool)
        let onePass = gradients(of: first, seed: weights, with: [x])
        expectAgreement(onePass, gradients(of: first, seed: weights, with: [x], recording: true))
    }

    /// A row's bits are those of the row alone.
    @Test(arguments: functions.indices) func rowsStandAlone(_ function: Int) {
        let pool = MemoryPool(), x = random([9, 21], salt: 4, in: pool), whole = functions[function](x).array
        for row in 0..<9 {
            let alone = functions[function](x.rows(row..<(row + 1))).array
            #expect(alone == Array(whole[(row * 21)..<(row * 21 + 21)]))
        }
    }

    /// Large numbers do not overflow.
    @Test func softmaxOfLargeNumbers() {
        let y = Tensor([1, 3], [1000, 1001, -1000], in: MemoryPool()).softmax().array
        expectAgreement(y, [0.268_941_421_369_995_1, 0.731_058_578_630_004_9, 0])
    }
}
