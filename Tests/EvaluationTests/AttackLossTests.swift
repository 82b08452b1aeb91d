import Evaluation
import Failures
import Glibc
import Randomness
import Testing

struct AttackLossTests {
    @Test(arguments: AttackLoss.allCases, [false, true])
    func directionsAreThoseOfTheDerivative(loss: AttackLoss, targeted: Bool) {
        var stream = RandomStream(seed: 1, purpose: .test)
        for place in 0..<20 {
            let logits = (0..<6).map { _ in 3 * stream.normal() }
            let order = logits.indices.sorted { logits[$0] > logits[$1] }
            let label = order[place % 2], target = targeted ? order[2 + place % 4] : nil
            let evaluation = loss.evaluate(logits, label: label, target: target), direction = evaluation.direction
            let step = 1e-6
            let derivative = logits.indices.map { index in
                var (up, down) = (logits, logits)
                up[index] += step
                down[index] -= step
                return
                    (loss.evaluate(up, label: label, target: target).value
                    - loss.evaluate(down, label: label, target: target).value) / (2 * step)
            }
            let length = derivative.map(abs).max() ?? 0
            #expect(abs((direction.map(abs).max() ?? 0) - 1) < 1e-12)
            #expect(abs(evaluation.scale - length) < 1e-6 * max(1, length))
            for (a, b) in zip(direction, derivative) { #expect(abs(a - b / length) < 1e-5, "\(logits) \(label)") }
        }
    }

    @Test func values() {
        let z = [1.0, 4, 2, 0.5]
        func value(_ loss: AttackLoss, _ label: Int, _ target: Int? = nil) -> Double {
            loss.evaluate(z, label: label, target: target).value
        }
        let logSum = log(z.reduce(0) { $0 + exp($1) })
        #expect(abs(value(.crossEntropy, 2) - (logSum - 2)) < 1e-12)
        #expect(abs(value(.crossEntropy, 2, 0) - (1 - logSum)) < 1e-12)
        #expect(value(.margin, 1) == -2 && value(.margin, 2) == 2 && value(.margin, 1, 0) == -3)
        #expect(abs(value(.logitRatio, 1) - -2.0 / 3) < 1e-9)
        #expect(abs(value(.logitRatio, 1, 3) - -3.5 / (4 - 0.75)) < 1e-9)
    }

    @Test func aConfidentModelStillGivesADirection() {
        let evaluation = AttackLoss.crossEntropy.evaluate([900, 0, -1], label: 0)
        #expect(evaluation.value >= 0 && evaluation.value < 1e-300)
        #expect(evaluation.direction[0] == -1)
        #expect(abs(evaluation.direction[1] - 1 / (1 + exp(-1))) < 1e-12)
    }

    @Test func logitsThatAreNotFiniteGiveNoDirection() {
        for loss in AttackLoss.allCases {
            let evaluation = loss.evaluate([.nan, 0, .infinity, 1], label: 1)
            #expect(evaluation.direction == [0, 0, 0, 0] && evaluation.value.isNaN)
        }
    }

    @Test func eachLossNeedsSomeClasses() throws {
        #expect(throws: Failure.self) { try AttackLoss.logitRatio.validate(classes: 2, targeted: false) }
        #expect(throws: Failure.self) { try AttackLoss.logitRatio.validate(classes: 3, targeted: true) }
        #expect(throws: Failure.self) { try AttackLoss.margin.validate(classes: 1, targeted: false) }
        try AttackLoss.logitRatio.validate(classes: 3, targeted: false)
        try AttackLoss.crossEntropy.validate(classes: 2, targeted: true)
    }
}
