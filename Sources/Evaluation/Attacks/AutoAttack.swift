import Autodiff
import Formats

/// AutoAttack's standard version (Croce and Hein 2020) for `l2` and `linf`: APGD on cross-entropy, targeted APGD on the
/// difference of logits ratio, targeted FAB and Square, with the constants of its authors and nothing to choose.
public struct AutoAttack: AttackCascade {
    public let name = "autoattack"
    public let settings = [JSONValue.Member("version", "standard")]
    /// Wrong classes that the targeted attacks try.
    private static let targets = 9

    public init() {}

    public func parts(classes: Int) -> (attacks: [any Attack], notes: [String]) {
        var notes: [String] = []
        var attacks: [any Attack] = [APGD(name: "apgd-ce", loss: .crossEntropy)]
        let targets = min(Self.targets, classes - 1)
        if classes >= 4 {
            attacks.append(APGD(name: "apgd-t", loss: .logitRatio, goal: .likeliest(targets)))
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
