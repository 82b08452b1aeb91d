import Autodiff
import Formats
import Perturbations

/// AutoAttack's standard version (Croce and Hein 2020; for `l1` 2021): APGD on cross-entropy, targeted APGD on the
/// difference of logits ratio, targeted FAB and Square, with the constants of its authors and nothing to choose.
public struct AutoAttack: AttackCascade {
    public let name = "autoattack"
    public let settings = [JSONValue.Member("version", "standard")]
    public let norms = ThreatModel.Norm.proper
    /// Wrong classes that the targeted attacks try.
    private static let targets = 9
    /// Those that targeted APGD tries under `l1`.
    private static let sparseTargets = 5

    public init() {}

    public func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
        let classes = problem.classes, isSparse = problem.norm == .l1
        var notes: [String] = []
        var attacks: [any Attack] = [APGD(name: "apgd-ce", loss: .crossEntropy, restarts: isSparse ? 5 : 1)]
        let targets = min(Self.targets, classes - 1)
        if classes >= 4 {
            let tried = isSparse ? min(Self.sparseTargets, targets) : targets
            attacks.append(APGD(name: "apgd-t", loss: .logitRatio, goal: .likeliest(tried)))
        } else {
            attacks.append(APGD(name: "apgd-margin", loss: .margin))
            notes.append("autoattack: apgd-t needs 4 classes, the model has \(classes): apgd-margin in its place")
        }
        if targets < Self.targets {
            notes.append("autoattack: \(targets) target classes instead of \(Self.targets), the model has no more")
        }
        attacks.append(FAB(targetClasses: targets))
        attacks.append(Square())
        return (attacks, notes)
    }
}
