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
    public enum Order: String, Sendable, CaseIterable {
        /// Every attack is run on all images that are classified correctly.
        case independent
        /// Every attack is run on the images that the ones before have left, and its accuracy is that of all so far.
        case cascade
    }

    public var threat: ThreatModel
    public var attacks: [any Attack]
    public var order = Order.independent
    /// Images, counted from the data set's first; nil or more than there are: all.
    public var samples: Int?
    public var seed: UInt64
    /// Images that go through the network at once.
    public var batch = 32
    public var curve: EpsilonCurve?
    /// Nil for none.
    public var checks: SanityChecks? = SanityChecks()
    /// Collect the adversarial images, on rank 0.
    public var keepsImages = true
    /// Nil: nothing is kept, and nothing can be resumed.
    public var journal: EvaluationJournal?
    /// Once it is pending, every rank finishes the images it has begun, and the evaluation throws `stoppedOnRequest`.
    public var stop: StopRequest?

    public init(threat: ThreatModel, attacks: [any Attack], samples: Int? = nil, seed: UInt64) {
        self.threat = threat
        self.attacks = attacks
        self.samples = samples
        self.seed = seed
    }

    /// Collective; the result is the same on every rank but for the seconds and, off rank 0, the adversarial images.
    ///
    /// - Parameters:
    ///   - surrogate: the model whose adversarial images `transfer` tries.
    ///   - progress: called on rank 0.
    ///   - goesOn: called on rank 0 where the journal has something to go on from.
    /// - Throws: `badInput` where model and data do not fit together, an image lies outside of the threat's box or a
    ///   file of the journal is damaged; `usage` for settings that make no sense and for a journal of another
    ///   evaluation; `inputOutput` where the journal cannot be written; and what the communicator throws.
    public func run(
        _ classifier: Classifier, on dataset: any Dataset, over communicator: any Communicator,
        surrogate: Classifier? = nil, progress: @escaping (EvaluationProgress) -> Void = { _ in },
        goesOn: () -> Void = {}
    ) throws -> RobustnessResult {
        try validate(classifier, dataset, surrogate)
        let count = min(samples ?? dataset.count, dataset.count)
        let state = try journal.map { journal in
            try EvaluationState(
                journal, description(model: journal.model, dataset, classes: classifier.classes), communicator)
        }
        if state?.goesOn == true { goesOn() }
        let runner = DistributedAttacks(
            classifier, surrogate: surrogate, dataset, communicator, self, samples: count, state, progress: progress)

        let clean = try runner.clean(), correct = clean.map { $0 == .survived }
        var outcomes = AttackOutcomes(correct: correct, order: order, recording: keepsImages)
        for attack in attacks { try outcomes.run(attack, runner) }
        let points = try curve?.run(runner, among: correct) ?? []
        let undefined = clean.map { $0 == .undefined }
        let checks = try checks?.run(runner, correct: correct, undefined: undefined, outcomes.all, order) ?? []
        return RobustnessResult(
            dataset: dataset.name, fingerprint: dataset.fingerprint, shape: dataset.shape, threat: threat, order: order,
            seed: seed, ranks: communicator.size, labels: (0..<count).map { dataset.label($0) }, correct: correct,
            attacks: outcomes.all, survived: outcomes.survived, curve: points, checks: checks,
            notes: notes(on: dataset, samples: count, undefined: undefined.count { $0 }) + outcomes.notes,
            adversarialImages: runner.adversarialImages)
    }

    /// What a reader must know before any figure.
    private func notes(on dataset: any Dataset, samples: Int, undefined: Int) -> [String] {
        let logits = "\(undefined) of \(samples) images have logits that are not finite, and count as misclassified"
        return (undefined > 0 ? [logits] : [])
            + dataset.oddities(ofFirst: samples).map { "\(dataset.name): \($0): accuracies say little" }
    }

    /// Throws what `run` would throw of the classifier, the data and the settings, before anything is computed.
    public func validate(_ classifier: Classifier, _ dataset: any Dataset, _ surrogate: Classifier?) throws {
        let shape = dataset.shape
        if let surrogate, surrogate.model.input != classifier.model.input || surrogate.classes != classifier.classes {
            throw Failure(
                .usage,
                "the surrogate is for \(surrogate.model.input) images of \(surrogate.classes) classes, the model for "
                    + " \(classifier.model.input) images of \(classifier.classes)")
        }
        guard classifier.model.input.extents == [shape.height, shape.width, shape.channels],
            classifier.classes == dataset.classNames.count
        else {
            let input = classifier.model.input.extents.map(String.init).joined(separator: "x")
            throw Failure.badInput(
                dataset.name, "\(shape) images of \(dataset.classNames.count) classes",
                expected: "\(input) images of \(classifier.classes) classes, as the model was made for")
        }
        try validate(dataset, hasSurrogate: surrogate != nil)
    }

    /// The same for any model of such data.
    public func validate(_ dataset: any Dataset, hasSurrogate: Bool) throws {
        let classes = dataset.classNames.count
        guard dataset.count > 0 else { throw Failure.badInput(dataset.name, "no images") }
        guard samples ?? 1 > 0 else { throw Failure(.usage, "samples is \(samples ?? 0), expected at least 1") }
        guard batch > 0 else { throw Failure(.usage, "batch is \(batch), expected at least 1") }
        for attack in attacks {
            do { try attack.validate(classes: classes) } catch let failure as Failure {
                throw Failure(failure.kind, "attack \(attack.name): \(failure)")
            }
            guard hasSurrogate || !attack.needsSurrogate else {
                throw Failure(.usage, "attack \(attack.name) needs another model to transfer from")
            }
        }
        if let curve { try curve.attack.validate(classes: classes) }
        if checks != nil { try FGSM().validate(classes: classes) }
    }

    /// All that the outcomes depend on.
    private func description(model: String, _ dataset: any Dataset, classes: Int) -> JSONValue {
        func described(_ attack: any Attack) -> JSONValue {
            var members = [JSONValue.Member("name", JSONValue(attack.name))] + attack.settings
            if let cascade = attack as? any AttackCascade {
                members.append(.init("parts", .array(cascade.parts(classes: classes).attacks.map(described))))
            }
            return .object(members)
        }
        return [
            "format": 1,
            "model": JSONValue(model),
            "data": JSONValue(dataset.fingerprint),
            "threat": threat.json,
            "box": JSONValue("\(threat.box)"),
            "attacks": .array(attacks.map(described)),
            "order": JSONValue(order.rawValue),
            "samples": JSONValue(min(samples ?? dataset.count, dataset.count)),
            "seed": JSONValue("\(seed)"),
            "curve": curve.map { curve in
                ["epsilons": JSONValue(curve.epsilons), "attack": described(curve.attack)]
            } ?? .null,
            "checks": checks.map { ["samples": JSONValue($0.samples)] } ?? .null,
            "images": JSONValue(keepsImages),
            "scalar": JSONValue("\(Scalar.self)"),
        ]
    }
}
