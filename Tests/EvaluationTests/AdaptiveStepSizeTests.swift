import Evaluation
import Testing

struct AdaptiveStepSizeTests {
    /// The steps, counted from 0, after which the step size is halved.
    private func halvings(of schedule: AdaptiveStepSize, losses: [Double]) -> [Int] {
        var schedule = schedule
        return losses.indices.filter { step in
            if case .halved = schedule.record(losses[step]) { true } else { false }
        }
    }

    /// A loss that never rises fails the first check and from then on every one: all checkpoints show.
    @Test func checkpointsOfAHundredSteps() {
        let schedule = AdaptiveStepSize(epsilon: 0.5, steps: 100, loss: 5)
        let falling = (0..<100).map { -Double($0) }
        #expect(halvings(of: schedule, losses: falling) == [21, 40, 56, 69, 79, 86, 92, 98])
    }

    @Test func theStepSizeStartsAtTwiceEpsilonAndIsHalved() {
        var schedule = AdaptiveStepSize(epsilon: 0.5, steps: 100, loss: 5)
        #expect(schedule.stepSize == 1)
        for step in 0..<22 { _ = schedule.record(-Double(step)) }
        #expect(schedule.stepSize == 0.5 && schedule.bestLoss == 5)
    }

    @Test func aLossThatRisesKeepsTheStepSize() {
        var schedule = AdaptiveStepSize(epsilon: 1, steps: 100, loss: 0)
        for step in 1...100 { #expect(schedule.record(Double(step)) == .best) }
        #expect(schedule.stepSize == 2 && schedule.bestLoss == 100)
    }

    /// 16 of 22 rises are fewer than three quarters, 17 are not.
    @Test(arguments: [(16, true), (17, false)])
    func theShareOfRisesDecides(rises: Int, isHalved: Bool) {
        var losses: [Double] = [], loss = 1.0
        for step in 0..<22 {
            loss += step < rises ? 1 : -0.1
            losses.append(loss)
        }
        let schedule = AdaptiveStepSize(epsilon: 1, steps: 100, loss: 1)
        #expect(halvings(of: schedule, losses: losses).contains(21) == isHalved)
    }

    /// AutoAttack compares the first step with a zero: with 17 rises of 22 the first one decides.
    @Test(arguments: [(0.5, false), (-20.0, true)])
    func theFirstStepIsComparedWithZero(first: Double, isHalved: Bool) {
        let losses = (0..<22).map { (step: Int) -> Double in
            let rise = step <= 16 ? Double(step) : 16 - 0.1 * Double(step)
            return first + rise
        }
        let schedule = AdaptiveStepSize(epsilon: 1, steps: 100, loss: -100)
        #expect(halvings(of: schedule, losses: losses).contains(21) == isHalved)
    }

    /// Enough rises but no new best: halved at the second check, not at the first, nor right after a halving.
    @Test func stagnationIsNotPunishedTwiceInARow() {
        // Each period begins with a fall and then climbs without reaching the best.
        var losses: [Double] = []
        for period in [22, 19, 16, 13, 10] { losses += (0..<period).map { Double($0 + 1) / 100 } }
        let schedule = AdaptiveStepSize(epsilon: 1, steps: 100, loss: 5)
        #expect(halvings(of: schedule, losses: losses) == [40, 69])
    }
}
