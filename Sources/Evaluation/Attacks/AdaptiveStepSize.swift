/// The step size of one image under APGD: it starts at twice epsilon and is halved at checkpoints where the loss has
/// not come on (Croce and Hein 2020, section 4, with the constants of AutoAttack).
public struct AdaptiveStepSize: Sendable {
    /// In units of the images.
    public private(set) var stepSize: Double
    /// The largest that has been recorded, the start's included.
    public private(set) var bestLoss: Double
    private var bestLossAtCheck: Double
    private var wasHalved = true
    private var increases = 0
    // AutoAttack compares the first step's loss with a zero, not with the loss at the start.
    private var previousLoss = 0.0
    private var stepsOfPeriod = 0
    private var period: Int
    private let shortening: Int
    private let shortest: Int

    /// Share of the steps of a period that must raise the loss.
    private static let share = 0.75

    /// - Parameters:
    ///   - steps: of the whole run; the checkpoints are at shares of it.
    ///   - loss: at the start.
    public init(epsilon: Double, steps: Int, loss: Double) {
        stepSize = 2 * epsilon
        bestLoss = loss
        bestLossAtCheck = loss
        period = max(steps * 22 / 100, 1)
        shortening = max(steps * 3 / 100, 1)
        shortest = max(steps * 6 / 100, 1)
    }

    /// What the image is to do next.
    public enum Verdict: Sendable, Equatable {
        /// Neither a checkpoint that halves nor the best loss so far.
        case nothing
        case best
        /// The step size has been halved: to go on from the point of the best loss, which may be this one.
        case halved(isBest: Bool)
    }

    /// Takes note of the loss after a step.
    public mutating func record(_ loss: Double) -> Verdict {
        if loss > previousLoss { increases += 1 }
        previousLoss = loss
        let isBest = loss > bestLoss
        if isBest { bestLoss = loss }
        stepsOfPeriod += 1
        guard stepsOfPeriod == period else { return isBest ? .best : .nothing }
        let oscillates = Double(increases) <= Self.share * Double(period)
        let stagnates = !wasHalved && bestLossAtCheck >= bestLoss
        wasHalved = oscillates || stagnates
        bestLossAtCheck = bestLoss
        period = max(period - shortening, shortest)
        stepsOfPeriod = 0
        increases = 0
        guard wasHalved else { return isBest ? .best : .nothing }
        stepSize /= 2
        return .halved(isBest: isBest)
    }
}
