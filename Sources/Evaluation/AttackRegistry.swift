import Failures

/// What a user may change about an attack without naming another one; nil is the attack's own choice.
public struct AttackOptions: Sendable {
    public var steps: Int?
    public var restarts: Int?

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
        Entry(name: "cw") { pgd($0, .margin, $1) },
        Entry(name: "pgd-dlr") { pgd($0, .logitRatio, $1) },
        Entry(name: "pgd-targeted") { pgd($0, .margin, $1, goal: .likeliest(9)) },
        Entry(name: "noise-uniform") { _, _ in Noise(.uniform) },
        Entry(name: "noise-gaussian") { _, _ in Noise(.gaussian) },
    ]

    public static var names: [String] { entries.map(\.name) }

    /// The attack of this name. Throws `usage` with the names there are, or where an option is not positive.
    public static func attack(_ name: String, _ options: AttackOptions = AttackOptions()) throws -> any Attack {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw Failure(.usage, "attack \"\(name)\" is unknown, expected \(names.joined(separator: ", "))")
        }
        for (option, value) in [("steps", options.steps), ("restarts", options.restarts)] {
            guard value ?? 1 > 0 else {
                throw Failure(.usage, "attack \(name): \(option) is \(value ?? 1), expected at least 1")
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
            throw Failure(.usage, "attack \(name) is listed twice")
        }
        return try names.map { try attack($0, options) }
    }

    private static func pgd(
        _ name: String, _ loss: AttackLoss, _ options: AttackOptions, goal: PGD.Goal = .untargeted
    ) -> PGD {
        PGD(name: name, loss: loss, steps: options.steps ?? 40, restarts: options.restarts ?? 1, goal: goal)
    }
}
