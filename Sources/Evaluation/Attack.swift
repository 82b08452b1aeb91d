import Autodiff
import Formats
import Kernels
import Models
import Perturbations
import Randomness

/// A search for misclassified images near given ones. A new attack is one file and one line in `AttackRegistry`.
public protocol Attack: Sendable {
    /// As users write it and result files show it; also part of the key of its random numbers.
    var name: String { get }
    /// What result files say about it besides its name.
    var settings: [JSONValue.Member] { get }
    /// Throws `usage` where the attack cannot be run against a model of so many classes.
    func validate(classes: Int) throws
    /// Whether it follows gradients of the model.
    var usesGradients: Bool { get }
    /// Whether it attacks by way of another model.
    var needsSurrogate: Bool { get }
    /// Most passes through the network that `perturb` makes of one image, for forecasts.
    func passes(classes: Int) -> Int
    /// Images that `context.threat` allows, one for each of the batch's: a misclassified one where the attack found
    /// one. What becomes of an image must depend on the image and its index alone, never on the rest of the batch.
    func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor
}

extension Attack {
    public func validate(classes: Int) throws {}
    public var usesGradients: Bool { true }
    public var needsSurrogate: Bool { false }
    public func passes(classes: Int) -> Int { 1 }
}

/// Images under attack.
public struct AttackBatch {
    /// [B, H, W, C]
    public let images: Tensor
    public let labels: [Int]
    /// The images' places in the data set: the key of their random numbers.
    public let indices: [Int]

    public init(images: Tensor, labels: [Int], indices: [Int]) {
        precondition(
            images.shape.rank == 4 && images.shape[0] == labels.count && labels.count == indices.count,
            "AttackBatch: images \(images.shape), \(labels.count) labels, \(indices.count) indices")
        self.images = images
        self.labels = labels
        self.indices = indices
    }

    public var count: Int { labels.count }
    /// Numbers of one image.
    public var imageCount: Int { images.shape.dropFirst().count }
    /// The numbers of one image.
    public func image(_ row: Int) -> Source { images.pointer + row * imageCount }

    /// Some of the images, copied together.
    public func rows(_ rows: [Int]) -> AttackBatch {
        rows.count == count && rows.elementsEqual(0..<count)
            ? self
            : AttackBatch(
                images: images.packed(rows), labels: rows.map { labels[$0] }, indices: rows.map { indices[$0] })
    }
}

/// What an attack is up against.
public struct AttackContext {
    public let classifier: Classifier
    /// Another model, from which adversarial images may be transferred.
    public let surrogate: Classifier?
    public let threat: ThreatModel
    public let seed: UInt64
    private let onStep: () -> Void

    /// `onStep` is called after each pass through the network, as a sign of life.
    public init(
        classifier: Classifier, surrogate: Classifier? = nil, threat: ThreatModel, seed: UInt64,
        onStep: @escaping () -> Void = {}
    ) {
        self.classifier = classifier
        self.surrogate = surrogate
        self.threat = threat
        self.seed = seed
        self.onStep = onStep
    }

    public func stepDone() { onStep() }

    /// The same against the surrogate.
    func turnedToSurrogate() -> AttackContext? {
        surrogate.map { AttackContext(classifier: $0, threat: threat, seed: seed, onStep: onStep) }
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
    public func firstSuccess(
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
                let broken = classifier.misclassifies(images, part.labels)
                stepDone()
                rows = zip(rows, broken).filter { !$1 }.map(\.0)
            }
        }
    }
}

extension Tensor {
    /// Some entries of the first axis, copied together, as a constant.
    func packed(_ rows: [Int]) -> Tensor {
        let row = shape.dropFirst()
        return Tensor([rows.count] + row, in: pool) { out in
            for (place, index) in rows.enumerated() {
                (out + place * row.count).update(from: pointer + index * row.count, count: row.count)
            }
        }
    }
}
