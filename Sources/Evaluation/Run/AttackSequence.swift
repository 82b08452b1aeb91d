import Formats

/// The attacks of an evaluation one after the other, and what they have left.
struct AttackSequence {
    private let runner: DistributedAttacks
    private let correct: [Bool]
    private(set) var outcomes: [RobustnessResult.AttackOutcome] = []
    /// What a reader must know about them.
    private(set) var notes: [String] = []
    /// Correct, and survived every attack so far.
    private(set) var survived: [Bool]

    /// - Parameter correct: the samples that are classified correctly, from which attacks start.
    init(_ runner: DistributedAttacks, correct: [Bool]) {
        self.runner = runner
        self.correct = correct
        survived = correct
    }

    /// Runs an attack on all correct samples.
    mutating func run(_ attack: any Attack) throws {
        let attack = attack.fitted(to: runner.problem)
        if let cascade = attack as? any AttackCascade {
            try run(cascade)
        } else {
            let survivors = try runner.survivors(of: attack, among: correct, recording: true)
            add(.init(attack, settings: attack.settings, survivors))
        }
    }

    /// The parts are outcomes of their own, and what they leave together is another.
    private mutating func run(_ cascade: any AttackCascade) throws {
        let (parts, partNotes) = cascade.parts(runner.problem)
        notes += partNotes
        var left = AttackSurvivors(flags: correct, undefined: correct.map { _ in false }, seconds: 0)
        for part in parts {
            let survivors = try survivors(of: part, among: left.flags)
            let name = JSONValue.Member(RobustnessResult.AttackOutcome.cascadeKey, .string(cascade.name))
            add(.init(part, settings: part.settings + [name], survivors))
            left = AttackSurvivors(
                flags: survivors.flags, undefined: zip(left.undefined, survivors.undefined).map { $0 || $1 },
                seconds: left.seconds + survivors.seconds)
        }
        add(.init(cascade, settings: cascade.settings, left))
    }

    private func survivors(of part: any Attack, among left: [Bool]) throws -> AttackSurvivors {
        // What becomes of a sample does not depend on the others, so an attack that was run on all of them is known.
        if let known = outcomes.first(where: { $0.name == part.name && $0.settings == part.settings }) {
            func among(_ flags: [Bool]) -> [Bool] { zip(left, flags).map { $0 && $1 } }
            return AttackSurvivors(flags: among(known.survived), undefined: among(known.undefined), seconds: 0)
        }
        return try runner.survivors(of: part, among: left, recording: true)
    }

    private mutating func add(_ outcome: RobustnessResult.AttackOutcome) {
        let undefined = outcome.undefined.count { $0 }
        if undefined > 0 {
            notes.append(
                "\(outcome.name): \(undefined) of \(outcome.survived.count) images end in logits that are not "
                    + "finite, and count as broken")
        }
        outcomes.append(outcome)
        survived = zip(survived, outcome.survived).map { $0 && $1 }
    }
}

extension RobustnessResult.AttackOutcome {
    fileprivate init(_ attack: any Attack, settings: [JSONValue.Member], _ survivors: AttackSurvivors) {
        self.init(
            name: attack.name, settings: settings, survived: survivors.flags, undefined: survivors.undefined,
            distances: survivors.distances, seconds: survivors.seconds, usesGradients: attack.source == .gradients)
    }
}
