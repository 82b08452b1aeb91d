import Autodiff
import Glibc
import Kernels
import Models
import Perturbations

/// Looks for signs that gradients are masked, so that an accuracy under attack says nothing about robustness (Athalye,
/// Carlini, Wagner 2018; Carlini et al. 2019).
///
/// | check | value | ok |
/// |---|---|---|
/// | `pgd-beats-fgsm` | accuracy under `fgsm` minus under `pgd` | >= -tolerance |
/// | `pgd-beats-noise` | accuracy under the best `noise-*` minus under `pgd` | >= -tolerance |
/// | `pgd-beats-transfer` | accuracy under `transfer` minus under `pgd`, where there is a surrogate | >= -tolerance |
/// | `converged` | accuracy under `pgd` minus that with twice the steps and another restart | <= tolerance |
/// | `large-epsilon` | accuracy under `pgd` with a budget that reaches the whole box | <= 0.05 |
/// | `twin-falls` | the surrogate's accuracy under the same attack, where there is one | <= 0.05 |
/// | `zero-gradients` | share of images where the direction of the loss gradient is zero | <= 0.01 |
/// | `tiny-gradients` | share of images where the norm of the gradient of -log p_y is below 1e-8 | <= 0.1 |
/// | `apgd-start` | share of images where the gradient of APGD's ratio of logits is zero at its random start | 0 |
/// | `same-logits` | share of images whose logits, scaled to norm 1, differ by 1e-4 or more between two passes | 0 |
/// | `no-softmax` | share of images whose logits are probabilities: within [0, 1], with sum 1 up to 1e-5 | < 1 |
/// | `finite` | share of all images where a logit was not finite, on the image or under an attack | 0 |
/// | `not-constant` | share of images whose logits are those of the first one, among 2 or more different ones | < 1 |
/// | `square-gain` | accuracy under all gradient attacks minus that with `square`, where both were run | <= 0.002 |
///
/// All but `finite` and `square-gain` on the first `samples` images, the gradients on those among them that are classified
/// correctly. `apgd-start`, `same-logits`, `no-softmax` and `square-gain` are AutoAttack's own.
public struct SanityChecks: Sendable {
    /// Most images that are looked at.
    public var samples = 100
    /// Difference between two accuracies that counts as none.
    public var tolerance = 0.02

    public init() {}

    func run(
        _ runner: DistributedAttacks, correct: [Bool], undefined: [Bool],
        _ outcomes: [RobustnessResult.AttackOutcome], _ order: RobustnessEvaluation.Order
    ) throws -> [RobustnessResult.Check] {
        typealias Check = RobustnessResult.Check
        let count = min(max(1, samples), correct.count)
        let subjects = correct.enumerated().map { $1 && $0 < count }
        func accuracy(_ attack: any Attack, under threat: ThreatModel?) throws -> Double {
            // An attack that was run in a cascade has not seen every image.
            let known = outcomes.first { $0.name == attack.name && order == .independent && threat == nil }
            let flags = try known?.survived ?? runner.survivors(
                of: attack, among: subjects, under: threat, stage: "check, \(attack.name)").flags
            return Double(flags.prefix(count).count { $0 }) / Double(count)
        }
        let pgd = try accuracy(PGD(), under: nil), fgsm = try accuracy(FGSM(), under: nil)
        let noise = min(try accuracy(Noise(.uniform), under: nil), try accuracy(Noise(.gaussian), under: nil))
        let everything = largest(runner.threat, dimension: runner.dataset.shape.count)
        let unbounded = try accuracy(PGD(), under: everything)
        // More of the same, on the images that it has left.
        let longer = try accuracy(PGD(name: "pgd, twice", steps: 2 * PGD().steps, restarts: 2), under: nil)
        let (zero, tiny) = try gradientShares(runner, subjects)
        let broken = undefined.count { $0 } + (outcomes.map(\.undefined).max() ?? 0)
        let notFinite = Double(broken) / Double(correct.count)
        return try [
            Check(name: "pgd-beats-fgsm", ok: fgsm - pgd >= -tolerance, value: fgsm - pgd),
            Check(name: "pgd-beats-noise", ok: noise - pgd >= -tolerance, value: noise - pgd),
            Check(name: "converged", ok: pgd - longer <= tolerance, value: pgd - longer),
            Check(name: "large-epsilon", ok: unbounded <= 0.05, value: unbounded),
            Check(name: "zero-gradients", ok: zero <= 0.01, value: zero),
            Check(name: "tiny-gradients", ok: tiny <= 0.1, value: tiny),
            Check(name: "finite", ok: notFinite == 0, value: notFinite),
        ] + constantCheck(runner, count) + surrogateChecks(runner, count, pgd: pgd, everything, accuracy)
            + modelChecks(runner, subjects) + squareGain(correct, outcomes)
    }

    /// A network that says the same of every image is broken, whatever its accuracies. Of images that are all the same
    /// nothing can be said.
    private func constantCheck(_ runner: DistributedAttacks, _ count: Int) throws -> [RobustnessResult.Check] {
        guard count > 1, !runner.dataset.isConstant(first: count) else { return [] }
        let first = runner.logits(of: 0)
        let all = (0..<runner.samples).map { $0 < count }
        let equal = try runner.flags(stage: "check, constant", among: all) { batch in
            let logits = runner.classifier.logits(batch.images), classes = logits.shape[-1]
            let numbers = logits.array
            return (0..<batch.count).map { numbers[($0 * classes)..<(($0 + 1) * classes)].elementsEqual(first) }
        }
        let share = Double(equal.count { $0 }) / Double(count)
        return [.init(name: "not-constant", ok: share < 1, value: share)]
    }

    /// Of a twin that nobody has defended, say.
    private func surrogateChecks(
        _ runner: DistributedAttacks, _ count: Int, pgd: Double, _ everything: ThreatModel,
        _ accuracy: (any Attack, ThreatModel?) throws -> Double
    ) throws -> [RobustnessResult.Check] {
        guard runner.surrogate != nil else { return [] }
        let transfer = try accuracy(Transfer(), nil)
        let all = (0..<runner.samples).map { $0 < count }
        let flags = try runner.flags(stage: "check, twin", among: all) { batch in
            let context = AttackContext(
                classifier: runner.classifier, surrogate: runner.surrogate, threat: everything, seed: runner.seed)
            guard let twin = context.turnedToSurrogate() else { return batch.labels.map { _ in true } }
            return twin.classifier.misclassifies(PGD().perturb(batch, twin), batch.labels).map { !$0 }
        }
        let left = Double(flags.count { $0 }) / Double(count)
        return [
            .init(name: "pgd-beats-transfer", ok: transfer - pgd >= -tolerance, value: transfer - pgd),
            .init(name: "twin-falls", ok: left <= 0.05, value: left),
        ]
    }

    private func modelChecks(
        _ runner: DistributedAttacks, _ subjects: [Bool]
    ) throws -> [RobustnessResult.Check] {
        let classifier = runner.classifier, classes = classifier.classes
        // The same start and loss as apgd-dlr has.
        let attack = APGD(name: "apgd-dlr", loss: classes >= 3 ? .logitRatio : .margin)
        let context = AttackContext(classifier: classifier, threat: runner.threat, seed: runner.seed)
        let zero = try share(runner, subjects, "start of apgd") { batch in
            let start = attack.start(batch, run: 0, context)
            let pass = classifier.inputGradient(of: start) {
                attack.loss.evaluate($0, Array(0..<batch.count), batch, nil).direction
            }
            // Pointers alone do not keep memory from being used again.
            defer { withExtendedLifetime(pass) {} }
            return (0..<batch.count).map { row in
                let gradient = pass.gradient.pointer + row * batch.imageCount
                // In this form a NaN counts as zero.
                return !(0..<batch.imageCount).contains { abs(gradient[$0]) > 0 }
            }
        }
        let differing = try share(runner, subjects, "two passes") { batch in
            let first = classifier.logits(batch.images), second = classifier.logits(batch.images)
            return (0..<batch.count).map { row in
                let (a, b) = (unit(first, row), unit(second, row))
                return !(zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() < 1e-4)
            }
        }
        let softmax = try share(runner, subjects, "softmax") { batch in
            let logits = classifier.logits(batch.images)
            return (0..<batch.count).map { row in
                let z = (0..<classes).map { Double(logits.pointer[row * classes + $0]) }
                return z.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(z.reduce(0, +) - 1) <= 1e-5
            }
        }
        return [
            .init(name: "apgd-start", ok: zero == 0, value: zero),
            .init(name: "same-logits", ok: differing == 0, value: differing),
            .init(name: "no-softmax", ok: softmax < 1, value: softmax),
        ]
    }

    private func unit(_ logits: Tensor, _ row: Int) -> [Double] {
        let classes = logits.shape[-1]
        let z = (0..<classes).map { Double(logits.pointer[row * classes + $0]) }
        let norm = z.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm == 0 ? z : z.map { $0 / norm }
    }

    private func share(
        _ runner: DistributedAttacks, _ subjects: [Bool], _ stage: String, _ body: (AttackBatch) throws -> [Bool]
    ) throws -> Double {
        let flags = try runner.flags(stage: "check, \(stage)", among: subjects, body)
        return Double(flags.count { $0 }) / Double(max(1, subjects.count { $0 }))
    }

    private func squareGain(
        _ correct: [Bool], _ outcomes: [RobustnessResult.AttackOutcome]
    ) -> [RobustnessResult.Check] {
        let gradients = outcomes.filter(\.usesGradients)
        guard let square = outcomes.first(where: { $0.name == "square" }), !gradients.isEmpty else { return [] }
        let left = gradients.reduce(correct) { left, attack in zip(left, attack.survived).map { $0 && $1 } }
        let gained = Double(zip(left, square.survived).count { $0 && !$1 }) / Double(correct.count)
        return [.init(name: "square-gain", ok: gained <= 0.002, value: gained)]
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
            try self.share(runner, subjects, "gradients") { batch in
                gradientNorms(runner.classifier, batch, scaled: scaled).map { $0 < bound }
            }
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
        defer { withExtendedLifetime(pass) {} }
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
