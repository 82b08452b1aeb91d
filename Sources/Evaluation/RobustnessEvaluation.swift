import Data
import Distributed
import Failures

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

    public init(threat: ThreatModel, attacks: [any Attack], samples: Int? = nil, seed: UInt64) {
        self.threat = threat
        self.attacks = attacks
        self.samples = samples
        self.seed = seed
    }

    /// Collective; the result is the same on every rank but for the seconds and, off rank 0, the adversarial images.
    ///
    /// - Parameter progress: called on rank 0.
    /// - Throws: `badInput` where model and data do not fit together or an image lies outside of the threat's box,
    ///   `usage` for settings that make no sense, and what the communicator throws.
    public func run(
        _ classifier: Classifier, on dataset: any Dataset, over communicator: any Communicator,
        progress: @escaping (EvaluationProgress) -> Void = { _ in }
    ) throws -> RobustnessResult {
        try validate(classifier, dataset)
        let count = min(samples ?? dataset.count, dataset.count)
        let blocks = SampleBlocks(samples: count, ranks: communicator.size, batch: batch)
        let runner = DistributedAttacks(
            classifier, dataset, communicator, blocks, threat, seed: seed, progress: progress)

        let correct = try runner.correct()
        var survived = correct
        var outcomes: [RobustnessResult.AttackOutcome] = []
        for attack in attacks {
            let start = ContinuousClock.now
            let survivors = try runner.survivors(
                of: attack, among: order == .cascade ? survived : correct, recording: keepsImages)
            survived = zip(survived, survivors).map { $0 && $1 }
            outcomes.append(
                .init(
                    name: attack.name, settings: attack.settings, survived: survivors,
                    seconds: (ContinuousClock.now - start) / .seconds(1)))
        }
        let points = try curve?.run(runner, among: correct) ?? []
        let checks = try checks?.run(runner, correct: correct, outcomes, order) ?? []
        return RobustnessResult(
            dataset: dataset.name, fingerprint: dataset.fingerprint, shape: dataset.shape, threat: threat, order: order,
            seed: seed, ranks: communicator.size, labels: (0..<count).map { dataset.label($0) }, correct: correct,
            attacks: outcomes, survived: survived, curve: points, checks: checks,
            adversarialImages: keepsImages ? try runner.adversarialImages() : [])
    }

    private func validate(_ classifier: Classifier, _ dataset: any Dataset) throws {
        let shape = dataset.shape
        guard classifier.model.input.extents == [shape.height, shape.width, shape.channels],
            classifier.classes == dataset.classNames.count
        else {
            let input = classifier.model.input.extents.map(String.init).joined(separator: "x")
            throw Failure.badInput(
                dataset.name, "\(shape) images of \(dataset.classNames.count) classes",
                expected: "\(input) images of \(classifier.classes) classes, as the model was made for")
        }
        guard dataset.count > 0 else { throw Failure.badInput(dataset.name, "no images") }
        guard samples ?? 1 > 0 else { throw Failure(.usage, "samples is \(samples ?? 0), expected at least 1") }
        guard batch > 0 else { throw Failure(.usage, "batch is \(batch), expected at least 1") }
        for attack in attacks { try attack.validate(classes: classifier.classes) }
        if let curve { try curve.attack.validate(classes: classifier.classes) }
        if checks != nil { try FGSM().validate(classes: classifier.classes) }
    }
}
