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
/// | `search-precision` | accuracy under `apgd-ce` minus that with its search in float32, if it was in another | <= tolerance |
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
/// All but `finite` and `square-gain` on the first `samples` images, the gradients on those among them that are
/// classified correctly. `apgd-start`, `same-logits`, `no-softmax` and `square-gain` are AutoAttack's own.
public struct SanityChecks: Sendable {
    /// Most images that are looked at.
    public var samples = 100
    /// Difference between two accuracies that counts as none.
    public var tolerance = 0.02

    public init() {}

    /// Whether one accuracy is above another by no more than the tolerance: 84 and 82 of 100 images are 0.02 apart, and
    /// their difference in floating point is a little more.
    func isNone(_ difference: Double) -> Bool { difference <= tolerance * (1 + 1e-9) }

    /// Whether there are attacks of both kinds to compare: none of them is made for `l0`, where these checks are left out.
    static func comparesAttacks(under norm: ThreatModel.Norm) -> Bool { norm != .l0 }

    /// What the table says, in its order but for what needs a surrogate. Collective; the same on every rank.
    /// - Parameters:
    ///   - correct: the samples that are classified correctly.
    ///   - undefined: those with a logit that is not finite.
    ///   - attacks: what has been found of the samples.
    func run(
        _ runner: DistributedAttacks, correct: [Bool], undefined: [Bool], attacks: [RobustnessResult.AttackOutcome]
    ) throws -> [RobustnessResult.Check] {
        let subjects = CheckSubjects(runner, correct: correct, attacks: attacks, most: samples)
        let comparesAttacks = Self.comparesAttacks(under: runner.threat.norm)
        let pgd = comparesAttacks ? try subjects.accuracy(under: PGD()) : 0
        var checks: [RobustnessResult.Check] = []
        if comparesAttacks {
            checks += try attackChecks(subjects, pgd: pgd)
            checks += try searchCheck(subjects)
        }
        checks += try gradientChecks(subjects)
        checks.append(finiteCheck(undefined: undefined, attacks))
        checks += try constantCheck(subjects)
        if comparesAttacks {
            checks += try surrogateChecks(subjects, pgd: pgd)
            checks.append(try startCheck(subjects))
        }
        checks += try logitChecks(subjects)
        return checks + squareCheck(correct: correct, attacks)
    }
}
