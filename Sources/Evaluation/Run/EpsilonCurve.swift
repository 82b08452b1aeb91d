import Failures

/// Robust accuracy under one attack at several budgets.
///
/// An image that is broken at one epsilon counts as broken at every larger one, whose ball holds the same adversarial
/// image; so the curve never rises, and each budget costs only the images that are left.
public struct EpsilonCurve: Sendable {
    /// Ascending.
    public let epsilons: [Double]
    /// What is run at each epsilon.
    public let attack: any Attack

    /// Throws `usage` unless every epsilon is finite and not negative.
    public init(epsilons: [Double], attack: any Attack = PGD()) throws {
        guard let wrong = epsilons.first(where: { !$0.isFinite || $0 < 0 }) else {
            self.epsilons = Set(epsilons).sorted()
            self.attack = attack
            return
        }
        throw Failure(.usage, "epsilon \(wrong) of the curve, expected a number such as 0.5")
    }

    /// One point an epsilon. Collective.
    /// - Parameter correct: the samples that are classified correctly.
    func run(_ runner: DistributedAttacks, among correct: [Bool]) throws -> [RobustnessResult.CurvePoint] {
        var left = correct
        return try epsilons.map { epsilon in
            left = try runner.survivors(
                of: attack, among: left, under: runner.threat.with(epsilon: epsilon),
                stage: "curve, epsilon \(epsilon)"
            ).flags
            return RobustnessResult.CurvePoint(epsilon: epsilon, robustAccuracy: shareOfTrue(left))
        }
    }
}
