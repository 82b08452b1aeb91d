import Data
import Distributed
import Failures
import Formats
import Kernels
import Models
import Perturbations

/// Clean accuracy and accuracy under attacks of the first images of a data set, over all ranks of a job.
///
/// The same images survive, and the same adversarial images are found, for every number of ranks and every `batch`.
public struct RobustnessEvaluation: Sendable {
    /// What attacks are allowed.
    public var threat: ThreatModel
    /// In this order. Each is run on all images that are classified correctly.
    public var attacks: [any Attack]
    /// Images, counted from the data set's first; nil or more than there are: all.
    public var samples: Int?
    /// Of the attacks' random numbers, which are keyed by image.
    public var seed: UInt64
    /// Images that go through the network at once.
    public var batch = 32
    /// Nil for none.
    public var curve: EpsilonCurve?
    /// Nil for none.
    public var checks: SanityChecks? = SanityChecks()
    /// Collect the adversarial images, on rank 0.
    public var keepsImages = true
    /// Nil: nothing is kept, and nothing can be resumed.
    public var journal: EvaluationJournal?
    /// Once it is pending, every rank finishes the images it has begun, and the evaluation throws `stoppedOnRequest`.
    public var stop: StopRequest?

    /// With the standard checks, and nothing kept on disk.
    public init(threat: ThreatModel, attacks: [any Attack], samples: Int? = nil, seed: UInt64) {
        self.threat = threat
        self.attacks = attacks
        self.samples = samples
        self.seed = seed
    }

    /// Collective; the result is the same on every rank but for the seconds and, off rank 0, the adversarial images.
    ///
    /// - Parameters:
    ///   - searched: the same network in another precision, on which attacks search; nil: `classifier`, which judges in
    ///     any case.
    ///   - surrogate: the model whose adversarial images `transfer` tries.
    ///   - progress: called on rank 0.
    ///   - goesOn: called on rank 0 where the journal has something to go on from.
    /// - Throws: `badInput` where model and data do not fit together, an image lies outside of the threat's box or a
    ///   file of the journal is damaged; `usage` for settings that make no sense and for a journal of another
    ///   evaluation; `inputOutput` where the journal cannot be written; and what the communicator throws.
    public func run(
        _ classifier: Classifier, on dataset: any Dataset, over communicator: any Communicator,
        searching searched: Classifier? = nil, surrogate: Classifier? = nil,
        progress: @escaping (EvaluationProgress) -> Void = { _ in }, goesOn: () -> Void = {}
    ) throws -> RobustnessResult {
        try validate(classifier, dataset, surrogate)
        let searched = searched ?? classifier
        let classifier = Self.judge(classifier)
        let count = min(samples ?? dataset.count, dataset.count)
        let state = try journal.map { journal in
            try EvaluationState(
                journal, description(journal, classifier, dataset, searching: searched), dataset.shape, samples: count,
                over: communicator)
        }
        if state?.goesOn == true { goesOn() }
        let record = EvaluationRecord(
            of: dataset, samples: count, state: state, keepsImages: keepsImages, over: communicator)
        let runner = DistributedAttacks(
            classifier: classifier, searched: searched, surrogate: surrogate, threat: threat, seed: seed,
            samples: DistributedSamples(
                of: dataset, count: count, batch: batch, over: communicator, stop: stop, progress: progress),
            record: record)

        let clean = try runner.clean()
        let correct = clean.map { $0 == .survived }, undefined = clean.map { $0 == .undefined }
        var sequence = AttackSequence(runner, correct: correct)
        for attack in attacks { try sequence.run(attack) }
        let points = try curve?.run(runner, among: correct) ?? []
        let checked =
            try checks?.run(
                runner, correct: correct, undefined: undefined, attacks: sequence.outcomes) ?? []
        return RobustnessResult(
            dataset: dataset.name, fingerprint: dataset.fingerprint, shape: dataset.shape, threat: threat,
            search: searched.products, noise: classifier.noise?.deviation, seed: seed, ranks: communicator.size,
            labels: (0..<count).map { dataset.label($0) }, correct: correct,
            attacks: sequence.outcomes, survived: sequence.survived, curve: points, checks: checked,
            notes: notes(on: dataset, samples: count, undefined: undefined.count { $0 }) + sequence.notes
                + notes(of: runner) + advice(checked),
            adversarialImages: record.adversarialImages)
    }

    /// What a reader must know before any figure.
    private func notes(on dataset: any Dataset, samples: Int, undefined: Int) -> [String] {
        let logits = "\(undefined) of \(samples) images have logits that are not finite, and count as misclassified"
        return (undefined > 0 ? [logits] : [])
            + dataset.oddities(ofFirst: samples).map { "\(dataset.name): \($0): accuracies say little" }
    }

    /// How attacks that end on the boundary fare where the search does not see the judge's.
    private func notes(of runner: DistributedAttacks) -> [String] {
        let single = attacks.flatMap { ($0 as? any AttackCascade)?.parts(runner.problem).attacks ?? [$0] }
        let names = single.filter(\.endsOnBoundary).map(\.name)
        guard !names.isEmpty else { return [] }
        let attacks = names.enumerated().filter { !names[..<$0].contains($1) }.map(\.element).joined(separator: ", ")
        let own = runner.classifier.products, other = runner.searched.products
        let rounded =
            "\(attacks): searched in \(own.rawValue), not in \(other.rawValue), as images on the boundary are found there"
        let random =
            "\(attacks): images on the boundary of one draw of the noise, which another draw has elsewhere: what is left "
            + "says little"
        return (own == other ? [] : [rounded]) + (runner.classifier.noise == nil ? [] : [random])
    }

    /// What to do about a check that failed.
    private func advice(_ checks: [RobustnessResult.Check]) -> [String] {
        let name = AutoAttack(.rand).name
        let isRandom = checks.contains { $0.name == "same-logits" && !$0.ok }
        guard isRandom, !attacks.contains(where: { $0.name == name }) else { return [] }
        return ["two passes of the network differ: --attack \(name) averages gradients over what is random"]
    }

    /// The network as it says of every image what it is. What a search has seen of a random network's draws does not help
    /// it with this one.
    public static func judge(_ classifier: Classifier) -> Classifier { classifier.drawing(judgesDraw) }

    /// A draw that no search comes to.
    private static let judgesDraw = 1 << 30

    /// Throws what `run` would throw of the classifier, the data and the settings, before anything is computed.
    public func validate(_ classifier: Classifier, _ dataset: any Dataset, _ surrogate: Classifier?) throws {
        if let surrogate, surrogate.model.input != classifier.model.input || surrogate.classes != classifier.classes {
            throw Failure(
                .usage,
                "the surrogate is for \(surrogate.model.input) images of \(surrogate.classes) classes, the model for "
                    + " \(classifier.model.input) images of \(classifier.classes)")
        }
        try classifier.requireFit(dataset)
        if classifier.noise != nil, let attack = attacks.first(where: { $0 is any MinimalNormAttack }) {
            throw Failure(
                .usage,
                "attack \(attack.name): a network with input noise has no nearest adversarial image, as its boundary is "
                    + "another for each draw; \(AutoAttack(.rand).name) is made for such networks")
        }
        try validate(dataset, hasSurrogate: surrogate != nil)
    }

    /// The same for any model of such data.
    public func validate(_ dataset: any Dataset, hasSurrogate: Bool) throws {
        let problem = AttackProblem(classes: dataset.classNames.count, norm: threat.norm)
        guard dataset.count > 0 else { throw Failure.badInput(dataset.name, "no images") }
        guard samples ?? 1 > 0 else { throw Failure(.usage, "samples is \(samples ?? 0), expected at least 1") }
        guard batch > 0 else { throw Failure(.usage, "batch is \(batch), expected at least 1") }
        func require(_ attack: any Attack, _ subject: String) throws {
            do { try attack.require(fit: problem) } catch let failure as Failure {
                throw Failure(failure.kind, "\(subject)attack \(attack.name): \(failure)")
            }
        }
        for attack in attacks {
            try require(attack, "")
            guard hasSurrogate || !needsSurrogate(attack, problem) else {
                throw Failure(
                    .usage, "attack \(attack.name) needs another model to transfer from: --transfer-from names it"
                )
            }
        }
        if let curve { try require(curve.attack, "curve: ") }
        if checks != nil, SanityChecks.comparesAttacks(under: threat.norm) { try require(FGSM(), "checks: ") }
    }

    private func needsSurrogate(_ attack: any Attack, _ problem: AttackProblem) -> Bool {
        guard let cascade = attack as? any AttackCascade else { return attack.source == .surrogate }
        return cascade.parts(problem).attacks.contains { needsSurrogate($0, problem) }
    }
}
