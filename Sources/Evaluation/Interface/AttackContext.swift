import Autodiff
import Kernels
import Models
import Perturbations
import Randomness

/// What an attack is up against.
public struct AttackContext {
    /// The model under attack, as the search sees it.
    public let classifier: Classifier
    /// The same model as it says at last whether an image is broken; it may compute more precisely.
    private let judge: Classifier
    /// Another model, from which adversarial images may be transferred.
    public let surrogate: Classifier?
    /// How far images may be moved.
    public let threat: ThreatModel
    /// Of all random numbers.
    public let seed: UInt64
    private let onStep: () -> Void

    /// - Parameters:
    ///   - judge: nil where the classifier itself says what is broken.
    ///   - onStep: called after each pass through the network, as a sign of life.
    public init(
        classifier: Classifier, judge: Classifier? = nil, surrogate: Classifier? = nil, threat: ThreatModel,
        seed: UInt64, onStep: @escaping () -> Void = {}
    ) {
        self.classifier = classifier
        self.judge = judge ?? classifier
        self.surrogate = surrogate
        self.threat = threat
        self.seed = seed
        self.onStep = onStep
    }

    /// What attacks are asked about before they start.
    var problem: AttackProblem { AttackProblem(classes: classifier.classes, norm: threat.norm) }

    /// To be called after each pass through the network.
    func stepDone() { onStep() }

    /// The same against the surrogate.
    func turnedToSurrogate() -> AttackContext? {
        surrogate.map { AttackContext(classifier: $0, threat: threat, seed: seed, onStep: onStep) }
    }

    /// The same within another radius.
    func with(epsilon: Double) -> AttackContext {
        AttackContext(
            classifier: classifier, judge: judge, surrogate: surrogate, threat: threat.with(epsilon: epsilon),
            seed: seed, onStep: onStep)
    }

    /// The same with a search in the judge's precision, for attacks that end on the boundary: that of a network with rounded
    /// products is another one.
    func searchingAsTheJudge() -> AttackContext {
        guard computesOtherwise else { return self }
        return AttackContext(
            // The search's own draw of what is random.
            classifier: judge.drawing(0), judge: judge, surrogate: surrogate, threat: threat, seed: seed, onStep: onStep
        )
    }

    /// Whether the search computes in another precision than the judge.
    private var computesOtherwise: Bool { classifier.products != judge.products }

    /// Which of the images that look misclassified to a search are so. In another precision than the judge's a search may be
    /// wrong about images near the boundary, and would end there: so the judge is asked about those that look it, on the
    /// search's draw of what is random.
    /// - Parameters:
    ///   - images: [rows, H, W, C], of these labels.
    ///   - draw: the one that the search has seen.
    func confirmed(_ isBroken: [Bool], _ images: Tensor, _ labels: [Int], draw: Int = 0) -> [Bool] {
        guard computesOtherwise, isBroken.contains(true) else { return isBroken }
        let suspects = AttackBatch(images: images, labels: labels, indices: Array(labels.indices))
            .rows(isBroken.indices.filter { isBroken[$0] })
        var confirmed = isBroken
        // No step of the search's: forecasts count those.
        let answers = judge.drawing(draw).misclassifies(suspects.images, suspects.labels)
        for (place, isMisclassified) in zip(suspects.indices, answers) { confirmed[place] = isMisclassified }
        return confirmed
    }

    /// The random numbers of one image in one run of an attack, such as a restart.
    public func stream(_ attack: String, run: Int, sample: Int) -> RandomStream {
        // FNV-1a of the name, so that attacks need no list of numbers.
        let number = attack.utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let place = UInt64(number) << 32 | UInt64(UInt32(truncatingIfNeeded: run))
        return RandomStream(seed: seed, purpose: .attack, place, UInt64(sample))
    }

    /// The result of up to `runs` attempts, each on the images that no earlier one broke: the first attempt that is
    /// misclassified, else the last one. `attempt` is given the run's number, the rows of `batch` that are left, and
    /// these rows.
    func firstSuccess(
        of runs: Int, on batch: AttackBatch, _ attempt: (_ run: Int, _ rows: [Int], _ part: AttackBatch) -> Tensor
    ) -> Tensor {
        let size = batch.imageCount
        var rows = Array(0..<batch.count)
        return Tensor(batch.images.shape, in: batch.images.pool) { result in
            result.update(from: batch.images.pointer, count: batch.count * size)
            for run in 0..<runs where !rows.isEmpty {
                let part = batch.rows(rows)
                let images = attempt(run, rows, part)
                // Pointers alone do not keep memory from being used again.
                defer { withExtendedLifetime(images) {} }
                for (place, row) in rows.enumerated() {
                    (result + row * size).update(from: images.pointer + place * size, count: size)
                }
                guard run + 1 < runs else { break }
                let broken = judge.misclassifies(images, part.labels)
                stepDone()
                rows = zip(rows, broken).filter { !$1 }.map(\.0)
            }
        }
    }
}
