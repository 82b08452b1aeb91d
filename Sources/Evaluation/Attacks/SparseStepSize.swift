/// How long one image's steps under `l1` are and how many values they move (Croce and Hein 2021, algorithm 1, with the
/// constants of AutoAttack): two thirds as many as differ from the original at the best point. Where these have become
/// fewer the steps are as long as epsilon again, else they are shortened.
struct SparseStepSize {
    /// In units of the images.
    private(set) var stepSize: Double
    /// Of the image's values.
    private(set) var share: Double
    private var bestLoss: Double
    private var support: Int
    private var stepsOfPeriod = 0
    private let period: Int
    private let count: Int
    private let epsilon: Double

    /// What steps are divided by, and what they are shortened to at most.
    private static let shortening = 1.5, shortest = 0.1
    /// Values are fewer if they are fewer than this share of those before.
    private static let fewer = 0.95

    /// - Parameters:
    ///   - steps: of the whole run in this ball.
    ///   - loss: at the start.
    ///   - support: values at the start that differ from the original's, of `count`.
    init(epsilon: Double, steps: Int, loss: Double, support: Int, of count: Int) {
        self.epsilon = epsilon
        self.count = count
        self.support = support
        stepSize = epsilon
        share = Double(support) / Double(count) / Self.shortening
        bestLoss = loss
        period = max(steps * 4 / 100, 1)
    }

    /// Takes note of the loss after a step: whether it is the largest so far.
    mutating func isBest(_ loss: Double) -> Bool {
        guard loss > bestLoss else { return false }
        bestLoss = loss
        return true
    }

    /// Whether to go on from the best point.
    /// - Parameter support: values there that differ from the original's.
    mutating func stepTaken(support now: Int) -> Bool {
        stepsOfPeriod += 1
        guard stepsOfPeriod == period else { return false }
        stepsOfPeriod = 0
        let areFewer = Double(now) < Self.fewer * Double(support)
        share = Double(now) / Double(count) / Self.shortening
        stepSize = areFewer ? epsilon : max(stepSize / Self.shortening, Self.shortest * epsilon)
        support = now
        return areFewer
    }
}
