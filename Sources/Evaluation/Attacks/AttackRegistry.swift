import Failures

/// What a user may change about an attack without naming another one; nil is the attack's own choice.
public struct AttackOptions: Sendable {
    /// Of iterative attacks.
    public var steps: Int?
    /// Of attacks that start at random points.
    public var restarts: Int?

    /// Nil: the attack's own.
    public init(steps: Int? = nil, restarts: Int? = nil) {
        self.steps = steps
        self.restarts = restarts
    }
}

/// The attacks by the names that users write.
public enum AttackRegistry {
    private struct Entry: Sendable {
        let name: String
        let make: @Sendable (_ name: String, AttackOptions) -> any Attack
    }

    private static let entries: [Entry] = [
        Entry(name: "fgsm") { _, _ in FGSM() },
        Entry(name: "pgd") { pgd($0, .crossEntropy, $1) },
        Entry(name: "pgd-margin") { pgd($0, .margin, $1) },
        Entry(name: "pgd-dlr") { pgd($0, .logitRatio, $1) },
        Entry(name: "pgd-targeted") { pgd($0, .margin, $1, goal: .likeliest(9)) },
        Entry(name: "apgd-ce") { apgd($0, .crossEntropy, $1) },
        Entry(name: "apgd-dlr") { apgd($0, .logitRatio, $1) },
        Entry(name: "apgd-margin") { apgd($0, .margin, $1) },
        Entry(name: "apgd-t") { apgd($0, .logitRatio, $1, goal: .likeliest(9)) },
        Entry(name: "fab-t") { FAB(name: $0, steps: $1.steps ?? 100) },
        Entry(name: "square") { Square(name: $0, restarts: $1.restarts ?? 1) },
        Entry(name: "cw") { CarliniWagner(name: $0, steps: $1.steps ?? 1000) },
        Entry(name: "hopskipjump") { HopSkipJump(name: $0, steps: $1.steps ?? 25) },
        Entry(name: "transfer") { Transfer(name: $0, steps: $1.steps ?? 40) },
        Entry(name: "autoattack") { _, _ in AutoAttack() },
        Entry(name: "noise-uniform") { _, _ in Noise(.uniform) },
        Entry(name: "noise-gaussian") { _, _ in Noise(.gaussian) },
    ]

    /// In the order in which help texts list them.
    public static var names: [String] { entries.map(\.name) }

    /// Far more than anyone waits for, and few enough that passes can be counted.
    private static let optionRange = 1...1_000_000

    /// The attack of this name. Throws `usage` with the names there are, or where an option makes no sense.
    public static func attack(_ name: String, _ options: AttackOptions = AttackOptions()) throws -> any Attack {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw Failure(.usage, "attack \"\(name)\" is unknown, expected \(names.joined(separator: ", "))")
        }
        for case (let option, let value?) in [("steps", options.steps), ("restarts", options.restarts)] {
            guard optionRange.contains(value) else {
                throw Failure(
                    .usage,
                    "attack \(name): \(option) is \(value), expected \(optionRange.lowerBound) to "
                        + "\(optionRange.upperBound)")
            }
        }
        return entry.make(name, options)
    }

    /// The attacks of a list such as `fgsm,pgd`. Throws `usage` for an empty list and for a name that comes twice.
    public static func attacks(_ list: String, _ options: AttackOptions = AttackOptions()) throws -> [any Attack] {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        for (place, name) in names.enumerated() where names[..<place].contains(name) {
            throw Failure(.usage, "attack \"\(name)\" is listed twice")
        }
        return try names.map { try attack($0, options) }
    }

    private static func pgd(
        _ name: String, _ loss: AttackLoss, _ options: AttackOptions, goal: AttackGoal = .untargeted
    ) -> PGD {
        PGD(name: name, loss: loss, steps: options.steps ?? 40, restarts: options.restarts ?? 1, goal: goal)
    }

    private static func apgd(
        _ name: String, _ loss: AttackLoss, _ options: AttackOptions, goal: AttackGoal = .untargeted
    ) -> APGD {
        APGD(name: name, loss: loss, steps: options.steps ?? 100, restarts: options.restarts ?? 1, goal: goal)
    }
}
