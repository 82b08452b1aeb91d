/// The outcomes of attacks one after the other.
struct AttackOutcomes {
    private let correct: [Bool]
    private let order: RobustnessEvaluation.Order
    private let recording: Bool
    private(set) var all: [RobustnessResult.AttackOutcome] = []
    private(set) var notes: [String] = []
    /// Correct, and survived every attack so far.
    private(set) var survived: [Bool]

    init(correct: [Bool], order: RobustnessEvaluation.Order, recording: Bool) {
        self.correct = correct
        self.order = order
        self.recording = recording
        survived = correct
    }

    /// Runs an attack on all correct samples or, in a cascade, on those that are left.
    mutating func run(_ attack: any Attack, _ runner: DistributedAttacks) throws {
        let among = order == .cascade ? survived : correct
        guard let cascade = attack as? any AttackCascade else {
            let survivors = try runner.survivors(of: attack, among: among, recording: recording)
            add(
                .init(
                    name: attack.name, settings: attack.settings, survived: survivors.flags,
                    undefined: survivors.undefined, seconds: survivors.seconds, usesGradients: attack.usesGradients))
            return
        }
        let (parts, partNotes) = cascade.parts(classes: runner.classifier.classes)
        notes += partNotes
        var left = among, undefined = 0, seconds = 0.0
        for part in parts {
            let outcome = try outcome(of: part, in: cascade.name, among: left, runner)
            left = outcome.survived
            undefined += outcome.undefined
            seconds += outcome.seconds
            add(outcome)
        }
        add(
            .init(
                name: cascade.name, settings: cascade.settings, survived: left, undefined: undefined, seconds: seconds,
                usesGradients: false))
    }

    private func outcome(
        of part: any Attack, in cascade: String, among: [Bool], _ runner: DistributedAttacks
    ) throws -> RobustnessResult.AttackOutcome {
        let settings = part.settings + [.init("cascade", .string(cascade))]
        // What becomes of a sample does not depend on the others, so an attack that was run on all of them is known.
        if order == .independent,
            let known = all.first(where: { $0.name == part.name && $0.settings == part.settings })
        {
            let survivors = zip(among, known.survived).map { $0 && $1 }
            return .init(
                name: part.name, settings: settings, survived: survivors, undefined: known.undefined,
                seconds: known.seconds, usesGradients: part.usesGradients)
        }
        let survivors = try runner.survivors(of: part, among: among, recording: recording)
        return .init(
            name: part.name, settings: settings, survived: survivors.flags, undefined: survivors.undefined,
            seconds: survivors.seconds, usesGradients: part.usesGradients)
    }

    private mutating func add(_ outcome: RobustnessResult.AttackOutcome) {
        if outcome.undefined > 0 {
            notes.append(
                "\(outcome.name): \(outcome.undefined) of \(outcome.survived.count) images end in logits that are not "
                    + "finite, and count as broken")
        }
        all.append(outcome)
        survived = zip(survived, outcome.survived).map { $0 && $1 }
    }
}
