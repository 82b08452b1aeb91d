import Autodiff
import Formats
import Perturbations

/// AutoAttack (Croce and Hein 2020; for `l1` 2021), with the constants of its authors and nothing to choose.
///
/// | version | attacks |
/// |---|---|
/// | `autoattack`, the standard one | APGD on cross-entropy, targeted APGD on the difference of logits ratio, targeted FAB, Square |
/// | `autoattack-plus` | both kinds of APGD with 5 restarts, FAB with 5, Square, then the targeted ones, of FAB with 5 restarts |
/// | `autoattack-rand`, for networks whose output is random | both kinds of APGD, gradients averaged over 20 passes |
/// | `autoattack-malt` | the standard one, its targets in the order of the network's linearisation (Melamed et al. 2024) |
public struct AutoAttack: AttackCascade {
    /// Which attacks, in which order.
    public enum Version: String, Sendable, CaseIterable {
        case standard, plus, rand, malt
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
    /// Passes over which gradients of a random network are averaged.
    private static let draws = 20

    public init(_ version: Version = .standard) { self.version = version }

    public func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String]) {
        let classes = problem.classes, isSparse = problem.norm == .l1
        let targets = min(Self.targets, classes - 1)
        var notes: [String] = []
        func goal(_ count: Int) -> AttackGoal { version == .malt ? .nearest(count) : .likeliest(count) }
        func lacks(_ attack: String, _ least: Int, _ other: String) {
            notes.append("\(name): \(attack) needs \(least) classes, the model has \(classes)\(other)")
        }
        let restarts = version == .plus || isSparse && version != .rand ? Self.restarts : 1
        let draws = version == .rand ? Self.draws : 1
        var untargeted: [any Attack] = [
            APGD(name: "apgd-ce", loss: .crossEntropy, restarts: restarts, draws: draws)
        ]
        if version == .plus || version == .rand {
            if classes >= 3 {
                untargeted.append(APGD(name: "apgd-dlr", loss: .logitRatio, restarts: restarts, draws: draws))
            } else {
                lacks("apgd-dlr", 3, ": it is left out")
            }
        }
        if version == .rand { return (untargeted, notes) }
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
            return (untargeted + [apgdTargeted, FAB(goal: goal(targets)), Square()], notes)
        }
        let random: [any Attack] = [FAB(name: "fab", goal: .untargeted, restarts: restarts), Square()]
        return (untargeted + random + [apgdTargeted, FAB(goal: goal(targets), restarts: restarts)], notes)
    }
}
