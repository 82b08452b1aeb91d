import Autodiff
import Data
import Distributed
import Failures
import Kernels
import Models
import Perturbations

/// Runs predictions and attacks on samples over all ranks and brings the outcomes together. Every method is collective
/// and returns the same on every rank.
final class DistributedAttacks {
    let classifier: Classifier
    let surrogate: Classifier?
    let dataset: any Dataset
    let communicator: any Communicator
    let samples: Int
    let threat: ThreatModel
    let seed: UInt64
    private let batch: Int
    private let state: EvaluationState?
    private let work: WorkSharing
    private let stop: StopRequest?
    private let progress: (EvaluationProgress) -> Void
    /// Activations of one block; used again by the next.
    private let pool = MemoryPool()
    /// Attack stages so far, which name the files of the state.
    private var stages = 0
    private let images: AdversarialImages?

    /// - Parameters:
    ///   - keepsImages: whether `survivors` may record adversarial images.
    ///   - state: where outcomes are kept as they come, and taken from.
    init(
        _ classifier: Classifier, surrogate: Classifier?, _ dataset: any Dataset, _ communicator: any Communicator,
        _ evaluation: RobustnessEvaluation, samples: Int, _ state: EvaluationState?,
        progress: @escaping (EvaluationProgress) -> Void
    ) {
        self.classifier = classifier
        self.surrogate = surrogate
        self.dataset = dataset
        self.communicator = communicator
        self.samples = samples
        threat = evaluation.threat
        seed = evaluation.seed
        batch = evaluation.batch
        self.state = state
        work = WorkSharing(communicator)
        stop = evaluation.stop
        self.progress = progress
        images = evaluation.keepsImages ? AdversarialImages(dataset, samples: samples, communicator) : nil
    }

    /// On rank 0 all samples' images [N, H, W, C]: the recorded one, or the clean one where there is none. Empty on
    /// other ranks, and where images are not kept.
    var adversarialImages: [Scalar] { images?.all ?? [] }

    /// What becomes of the samples without an attack. Throws `badInput` where an image lies outside of the threat's box,
    /// in which no attack could start from it.
    func clean() throws -> [SampleOutcome] {
        let all = Array(repeating: true, count: samples)
        return try outcomes(stage: "clean", among: all) { batch in
            for row in 0..<batch.count {
                let image = batch.image(row)
                guard !threat.allows(batch.imageCount, image, original: image) else { continue }
                throw Failure.badInput(
                    dataset.name, "image \(batch.indices[row]) has values outside of \(threat.box)",
                    expected: "images within the box of the threat model")
            }
            return zip(classifier.predictions(batch.images), batch.labels).map(SampleOutcome.init)
        }.map { $0 ?? .broken }
    }

    /// What an attack left.
    struct Survivors {
        /// One a sample.
        let flags: [Bool]
        /// How many were broken by a logit that is not finite.
        let undefined: Int
        /// By the clock, with what it took before a kill and `--resume`.
        let seconds: Double
    }

    /// Which of the samples `among` survive an attack; the others do not.
    /// - Parameter recording: keep the images that broke samples, unless the sample has one.
    func survivors(
        of attack: any Attack, among: [Bool], under other: ThreatModel? = nil, stage: String? = nil,
        recording: Bool = false
    ) throws -> Survivors {
        let start = ContinuousClock.now
        let threat = other ?? threat, name = stage ?? attack.name, size = dataset.shape.count
        stages += 1
        let number = stages, recorder = recording ? images : nil
        let found = try state?.found(of: number, name, dataset.shape, samples: samples, communicator) { sample, image in
            let original = load([sample])
            defer { withExtendedLifetime(original) {} }
            guard threat.allows(size, image, original: original.image(0)) else { return false }
            recorder?.keep(sample, image)
            return true
        }
        let known = found?.outcomes ?? Array(repeating: nil, count: samples)
        func seconds() -> Double { (found?.seconds ?? 0) + (ContinuousClock.now - start) / .seconds(1) }
        let left = zip(among, known).map { $0 && $1 == nil }
        let fresh = try outcomes(stage: name, passes: attack.passes(classes: classifier.classes), among: left) { batch in
            let context = AttackContext(
                classifier: classifier, surrogate: surrogate, threat: threat, seed: seed, onStep: passDone)
            let result = attack.perturb(batch, context)
            defer { withExtendedLifetime(result) {} }
            precondition(result.shape == batch.images.shape, "attack \(attack.name): images \(result.shape)")
            for row in 0..<batch.count {
                precondition(
                    threat.allows(size, result.pointer + row * size, original: batch.image(row)),
                    "attack \(attack.name): sample \(batch.indices[row]) has left the ball or the box")
            }
            let outcomes = zip(classifier.predictions(result), batch.labels).map(SampleOutcome.init)
            for (row, sample) in batch.indices.enumerated() where outcomes[row] != .survived {
                recorder?.keep(sample, result.pointer + row * size)
            }
            try state?.write(
                number, name, dataset.shape, samples: batch.indices, outcomes: outcomes, images: recorder,
                seconds: seconds(), part: "\(batch.indices[0])")
            return outcomes
        }
        let all = zip(known, fresh).map { $0 ?? $1 ?? .broken }
        let survived = zip(among, all).map { $0 && $1 == .survived }
        try recorder?.collect(broken: zip(among, survived).map { $0 && !$1 })
        let asked = among.indices.filter { among[$0] }
        if communicator.rank == 0, left.contains(true) {
            try state?.close(
                number, name, dataset.shape, samples: asked, outcomes: asked.map { all[$0] }, images: recorder,
                seconds: seconds())
        }
        recorder?.seal(broken: zip(among, survived).map { $0 && !$1 })
        let undefined = zip(among, all).count { $0 && $1 == .undefined }
        return Survivors(flags: survived, undefined: undefined, seconds: seconds())
    }

    /// `body`'s flag for each of the samples `among`, false for the others. Throws as `outcomes` does.
    func flags(stage: String, among: [Bool], _ body: (AttackBatch) throws -> [Bool]) throws -> [Bool] {
        try outcomes(stage: stage, among: among) { try body($0).map { $0 ? .survived : .broken } }
            .map { $0 == .survived }
    }

    /// `body`'s outcome for each of the samples `among`, nil for the others.
    /// Throws `stoppedOnRequest` on all ranks if one was asked to stop.
    /// - Parameter passes: most passes through the network for one block.
    private func outcomes(
        stage: String, passes: Int = 1, among: [Bool], _ body: (AttackBatch) throws -> [SampleOutcome]
    ) throws -> [SampleOutcome?] {
        let asked = among.indices.filter { among[$0] }
        var all = [SampleOutcome?](repeating: nil, count: samples)
        guard !asked.isEmpty else { return all }
        let blocks = SampleBlocks(asked, ranks: communicator.size, batch: batch)
        forecast = Forecast(stage: stage, total: asked.count, passesPerBlock: max(1, passes))
        defer { forecast = nil }
        var mine: [Finding] = []
        communicator.heartbeat.beat("evaluation", step: asked[0])
        var isStopped = false
        try work.run(blocks) { number, samples in
            isStopped = isStopped || stop?.isPending == true
            if isStopped { return }
            communicator.heartbeat.beat("evaluation", step: samples[0])
            forecast?.begin(before: blocks.start(number), count: samples.count)
            let result = try body(load(samples))
            mine += zip(samples, result).map { Finding(sample: Int32($0), outcome: Int32($1.rawValue)) }
            if communicator.rank == 0, let report = forecast?.end() { progress(report) }
        }
        if try communicator.anyRank(isStopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; --resume goes on from what has been found")
        }
        var seen = 0
        for entry in try communicator.allGatherElements(mine) {
            guard among.indices.contains(Int(entry.sample)) else {
                throw Failure(.internalError, "\(stage): outcome of sample \(entry.sample)")
            }
            all[Int(entry.sample)] = SampleOutcome(rawValue: UInt8(clamping: entry.outcome))
            seen += 1
        }
        guard seen == asked.count else {
            throw Failure(.internalError, "\(stage): \(seen) outcomes of \(asked.count) samples")
        }
        return all
    }

    private struct Finding: BitwiseCopyable {
        let sample: Int32
        let outcome: Int32
    }

    private var forecast: Forecast?

    private func passDone() {
        communicator.heartbeat.beat()
        if communicator.rank == 0, let report = forecast?.passDone() { progress(report) }
    }

    /// Of one sample. The same on every rank, as predictions do not depend on the batch.
    func logits(of sample: Int) -> [Scalar] { classifier.logits(load([sample]).images).array }

    private func load(_ samples: [Int]) -> AttackBatch {
        AttackBatch(
            images: dataset.tensor(of: samples, in: pool), labels: samples.map { dataset.label($0) }, indices: samples)
    }
}
