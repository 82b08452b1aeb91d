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

    /// The name of an option.
    public enum Name: String, Sendable, CaseIterable { case steps, restarts }

    /// Nil: the attack's own.
    public subscript(_ name: Name) -> Int? {
        get {
            switch name {
            case .steps: steps
            case .restarts: restarts
            }
        }
        set {
            switch name {
            case .steps: steps = newValue
            case .restarts: restarts = newValue
            }
        }
    }

    /// Those of these names alone.
    fileprivate func only(_ names: Set<Name>) -> AttackOptions {
        names.reduce(into: AttackOptions()) { $0[$1] = self[$1] }
    }
}

/// The attacks by the names that users write.
public enum AttackRegistry {
    private struct Entry: Sendable {
        let name: String
        let options: Set<AttackOptions.Name>
        let make: @Sendable (_ name: String, AttackOptions) -> any Attack

        init(
            _ name: String, _ options: Set<AttackOptions.Name> = [],
            make: @escaping @Sendable (_ name: String, AttackOptions) -> any Attack
        ) {
            self.name = name
            self.options = options
            self.make = make
        }
    }

    private static let entries: [Entry] = [
        Entry("fgsm") { _, _ in FGSM() },
        Entry("pgd", [.steps, .restarts]) { pgd($0, .crossEntropy, $1) },
        Entry("pgd-margin", [.steps, .restarts]) { pgd($0, .margin, $1) },
        Entry("pgd-dlr", [.steps, .restarts]) { pgd($0, .logitRatio, $1) },
        Entry("pgd-targeted", [.steps, .restarts]) { pgd($0, .margin, $1, goal: .likeliest(9)) },
        Entry("apgd-ce", [.steps, .restarts]) { apgd($0, .crossEntropy, $1) },
        Entry("apgd-dlr", [.steps, .restarts]) { apgd($0, .logitRatio, $1) },
        Entry("apgd-margin", [.steps, .restarts]) { apgd($0, .margin, $1) },
        Entry("apgd-t", [.steps, .restarts]) { apgd($0, .logitRatio, $1, goal: .likeliest(9)) },
        Entry("malt", [.steps, .restarts]) { apgd($0, .logitRatio, $1, goal: .nearest(9)) },
        Entry("fab", [.steps, .restarts]) { fab($0, $1, goal: .untargeted) },
        Entry("fab-t", [.steps, .restarts]) { fab($0, $1, goal: .likeliest(9)) },
        Entry("square", [.restarts]) { Square(name: $0, restarts: $1.restarts ?? 1) },
        Entry("cw", [.steps]) { CarliniWagner(name: $0, steps: $1.steps ?? 1000) },
        Entry("fmn", [.steps]) { FMN(name: $0, steps: $1.steps ?? 100) },
        Entry("ddn", [.steps]) { DDN(name: $0, steps: $1.steps ?? 100) },
        Entry("hopskipjump", [.steps]) { HopSkipJump(name: $0, steps: $1.steps ?? 25) },
        Entry("transfer", [.steps]) { Transfer(name: $0, steps: $1.steps ?? 40) },
        Entry("autoattack") { _, _ in AutoAttack() },
        Entry("autoattack-plus") { _, _ in AutoAttack(.plus) },
        Entry("autoattack-rand") { _, _ in AutoAttack(.rand) },
        Entry("autoattack-malt") { _, _ in AutoAttack(.malt) },
        Entry("noise-uniform") { _, _ in Noise(.uniform) },
        Entry("noise-gaussian") { _, _ in Noise(.gaussian) },
    ]

    /// In the order in which help texts list them.
    public static var names: [String] { entries.map(\.name) }

    /// The attacks that have an option, in the same order.
    public static func names(having option: AttackOptions.Name) -> [String] {
        entries.filter { $0.options.contains(option) }.map(\.name)
    }

    /// Far more than anyone waits for, and few enough that passes can be counted.
    private static let optionRange = 1...1_000_000

    /// The attack of this name. Throws `usage` with the names there are, for an option that the attack does not have,
    /// and for a number that makes no sense.
    public static func attack(_ name: String, _ options: AttackOptions = AttackOptions()) throws -> any Attack {
        try make([name], options)[0]
    }

    /// The attacks of a list such as `fgsm,pgd`; each takes the options that it has. Throws `usage` for an empty list,
    /// for a name that comes twice, and where no attack of the list has an option that is given.
    public static func attacks(_ list: String, _ options: AttackOptions = AttackOptions()) throws -> [any Attack] {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        for (place, name) in names.enumerated() where names[..<place].contains(name) {
            throw Failure(.usage, "attack \"\(name)\" is listed twice")
        }
        return try make(names, options)
    }

    private static func make(_ names: [String], _ options: AttackOptions) throws -> [any Attack] {
        let chosen = try names.map { try entry($0) }
        for option in AttackOptions.Name.allCases {
            guard let value = options[option] else { continue }
            let attacks = "attack\(names.count == 1 ? "" : "s") \(names.joined(separator: ", "))"
            guard chosen.contains(where: { $0.options.contains(option) }) else {
                throw Failure(
                    .usage,
                    "\(attacks): no \(option.rawValue) to choose; these have: "
                        + Self.names(having: option).joined(separator: ", "))
            }
            guard optionRange.contains(value) else {
                throw Failure(
                    .usage,
                    "\(attacks): \(option.rawValue) is \(value), expected \(optionRange.lowerBound) to "
                        + "\(optionRange.upperBound)")
            }
        }
        return chosen.map { $0.make($0.name, options.only($0.options)) }
    }

    private static func entry(_ name: String) throws -> Entry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw Failure(.usage, "attack \"\(name)\" is unknown, expected \(names.joined(separator: ", "))")
        }
        return entry
    }

    private static func pgd(
        _ name: String, _ loss: AttackLoss, _ options: AttackOptions, goal: AttackGoal = .untargeted
    ) -> PGD {
        PGD(name: name, loss: loss, steps: options.steps ?? 40, restarts: options.restarts ?? 1, goal: goal)
    }

    private static func fab(_ name: String, _ options: AttackOptions, goal: AttackGoal) -> FAB {
        FAB(name: name, steps: options.steps ?? 100, goal: goal, restarts: options.restarts ?? 1)
    }

    private static func apgd(
        _ name: String, _ loss: AttackLoss, _ options: AttackOptions, goal: AttackGoal = .untargeted
    ) -> APGD {
        APGD(name: name, loss: loss, steps: options.steps ?? 100, restarts: options.restarts ?? 1, goal: goal)
    }
}
