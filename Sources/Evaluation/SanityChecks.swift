import Autodiff
import Glibc
import Kernels

/// Looks for signs that gradients are masked, so that an accuracy under attack says nothing about robustness (Athalye,
/// Carlini, Wagner 2018; Carlini et al. 2019).
///
/// | check | value | ok |
/// |---|---|---|
/// | `pgd-beats-fgsm` | accuracy under `fgsm` minus under `pgd` | >= -tolerance |
/// | `pgd-beats-noise` | accuracy under the best `noise-*` minus under `pgd` | >= -tolerance |
/// | `large-epsilon` | accuracy under `pgd` with a budget that reaches the whole box | <= 0.05 |
/// | `zero-gradients` | share of images where the direction of the loss gradient is zero | <= 0.01 |
/// | `tiny-gradients` | share of images where the norm of the gradient of -log p_y is below 1e-8 | <= 0.1 |
///
/// All on the first `samples` images, the gradients on those among them that are classified correctly.
public struct SanityChecks: Sendable {
    /// Most images that are looked at.
    public var samples = 100
    /// Difference between two accuracies that counts as none.
    public var tolerance = 0.02

    public init() {}

    func run(
        _ runner: DistributedAttacks, correct: [Bool], _ outcomes: [RobustnessResult.AttackOutcome],
        _ order: RobustnessEvaluation.Order
    ) throws -> [RobustnessResult.Check] {
        typealias Check = RobustnessResult.Check
        let count = min(max(1, samples), correct.count)
        let subjects = correct.enumerated().map { $1 && $0 < count }
        func accuracy(_ attack: any Attack, under threat: ThreatModel? = nil) throws -> Double {
            // An attack that was run in a cascade has not seen every image.
            let known = outcomes.first { $0.name == attack.name && order == .independent && threat == nil }
            let flags = try known?.survived ?? runner.survivors(
                of: attack, among: subjects, under: threat, stage: "check, \(attack.name)")
            return Double(flags.prefix(count).count { $0 }) / Double(count)
        }
        let pgd = try accuracy(PGD()), fgsm = try accuracy(FGSM())
        let noise = min(try accuracy(Noise(.uniform)), try accuracy(Noise(.gaussian)))
        let unbounded = try accuracy(PGD(), under: largest(runner.threat, dimension: runner.dataset.shape.count))
        let (zero, tiny) = try gradientShares(runner, subjects)
        return [
            Check(name: "pgd-beats-fgsm", ok: fgsm - pgd >= -tolerance, value: fgsm - pgd),
            Check(name: "pgd-beats-noise", ok: noise - pgd >= -tolerance, value: noise - pgd),
            Check(name: "large-epsilon", ok: unbounded <= 0.05, value: unbounded),
            Check(name: "zero-gradients", ok: zero <= 0.01, value: zero),
            Check(name: "tiny-gradients", ok: tiny <= 0.1, value: tiny),
        ]
    }

    /// Where there is no box, ten times the budget stands for one that reaches everything.
    private func largest(_ threat: ThreatModel, dimension: Int) -> ThreatModel {
        guard threat.box != ThreatModel.unbounded else { return threat.with(epsilon: 10 * threat.epsilon) }
        let side = Double(threat.box.upperBound) - Double(threat.box.lowerBound)
        return threat.with(epsilon: threat.norm == .linf ? side : side * Double(dimension).squareRoot())
    }

    private func gradientShares(
        _ runner: DistributedAttacks, _ subjects: [Bool]
    ) throws -> (zero: Double, tiny: Double) {
        func share(below bound: Double, scaled: Bool) throws -> Double {
            let flags = try runner.flags(stage: "check, gradients", among: subjects) { batch in
                gradientNorms(runner.classifier, batch, scaled: scaled).map { $0 < bound }
            }
            return Double(flags.count { $0 }) / Double(max(1, subjects.count { $0 }))
        }
        return (try share(below: 1e-12, scaled: false), try share(below: 1e-8, scaled: true))
    }

    /// Norms of the input gradient of -log p_y, `scaled`, or of its direction in `AttackLoss`, which lacks the factor
    /// 1 - p_y. A gradient that is not finite counts as zero.
    private func gradientNorms(_ classifier: Classifier, _ batch: AttackBatch, scaled: Bool) -> [Double] {
        let classes = classifier.classes
        var factors = [Double](repeating: 1, count: batch.count)
        let pass = classifier.inputGradient(of: batch.images) { logits in
            Tensor(logits.shape, in: logits.pool) { out in
                for row in 0..<batch.count {
                    let z = (0..<classes).map { Double(logits.pointer[row * classes + $0]) }
                    let loss = AttackLoss.crossEntropy.evaluate(z, label: batch.labels[row])
                    for (index, value) in loss.direction.enumerated() { out[row * classes + index] = Scalar(value) }
                    if scaled { factors[row] = -expm1(-loss.value) }
                }
            }
        }
        return factors.enumerated().map { row, factor in
            var squared = 0.0
            for i in 0..<batch.imageCount {
                let value = Double(pass.gradient.pointer[row * batch.imageCount + i])
                squared += value * value
            }
            return squared.isFinite && factor.isFinite ? squared.squareRoot() * factor : 0
        }
    }
}
