import Autodiff
import Formats
import Perturbations

/// AutoAttack (Croce and Hein 2020; for `l1` 2021), with the constants of its authors and nothing to choose.
///
/// | version | attacks |
/// |---|---|
/// | `autoattack`, the standard one | APGD on cross-entropy, targeted APGD on the difference of logits ratio, targeted FAB, Square |
/// | `autoattack-plus` | both kinds of APGD with 5 restarts, FAB with 5, Square, then the targeted ones, of FAB with 5 restarts |
/// | `autoattack-malt` | the standard one, its targets in the order of the network's linearisation (Melamed et al. 2024) |
public struct AutoAttack: AttackCascade {
    /// Which attacks, in which order.
    public enum Version: String, Sendable, CaseIterable {
        case standard, plus, malt
    }

    public let version: Version
    public var name: String { version == .standard ? "autoattack" : "autoattack-\(version.rawValue)" }
    public var settings: [JSONValue.Member] { [.init("version", JSONValue(version.rawValue))] }
    /// `autoattack-plus` is not defined under `l1`.
    public var norms: [ThreatModel.Norm] { version == .plus ? [.l2, .linf] : ThreatModel.Norm.proper }

    /// Wrong classes that the targeted attacks try.
    private static let targets = 9
    /// Those that targeted APGD tries under `l1`.
    private static let sparseTargets = 5
    /// Where there is more than one.
    private static let restarts = 5

    public init(_ version: Version = .standard) { self.version = version }

    public func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
        let classes = problem.classes, isSparse = problem.norm == .l1
        let targets = min(Self.targets, classes - 1)
        var notes: [String] = []
        func goal(_ count: Int) -> AttackGoal { version == .malt ? .nearest(count) : .likeliest(count) }
        func lacks(_ attack: String, _ least: Int, _ other: String) {
            notes.append("\(name): \(attack) needs \(least) classes, the model has \(classes)\(other)")
        }
        let isRestarted = version == .plus || isSparse
        let first = APGD(name: "apgd-ce", loss: .crossEntropy, restarts: isRestarted ? Self.restarts : 1)
        var apgdTargeted: any Attack = APGD(
            name: "apgd-t", loss: .logitRatio, goal: goal(isSparse ? min(Self.sparseTargets, targets) : targets))
        if classes < 4 {
            lacks("apgd-t", 4, ": apgd-margin in its place")
            apgdTargeted = APGD(name: "apgd-margin", loss: .margin)
        }
        if targets < Self.targets {
            notes.append("\(name): \(targets) target classes instead of \(Self.targets), the model has no more")
        }
        guard version == .plus else {
            return ([first, apgdTargeted, FAB(goal: goal(targets)), Square()], notes)
        }
        var attacks: [any Attack] = [first]
        if classes >= 3 {
            attacks.append(APGD(name: "apgd-dlr", loss: .logitRatio, restarts: Self.restarts))
        } else {
            lacks("apgd-dlr", 3, ": it is left out")
        }
        attacks.append(FAB(name: "fab", goal: .untargeted, restarts: Self.restarts))
        attacks.append(Square())
        attacks.append(apgdTargeted)
        attacks.append(FAB(goal: goal(targets), restarts: Self.restarts))
        return (attacks, notes)
    }
}
