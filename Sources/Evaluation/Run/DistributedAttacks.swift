import Autodiff
import Failures
import Kernels
import Models
import Perturbations

/// Runs a model's predictions and attacks on it on the samples of an evaluation, over all ranks. Every method is
/// collective and returns the same on every rank.
struct DistributedAttacks {
    /// Says of every image what it is.
    let classifier: Classifier
    /// The same network as attacks see it.
    var searched: Classifier
    let surrogate: Classifier?
    let threat: ThreatModel
    let seed: UInt64
    let samples: DistributedSamples
    let record: EvaluationRecord

    /// What becomes of the samples without an attack. Throws `badInput` where an image lies outside of the threat's
    /// box, in which no attack could start from it.
    func clean() throws -> [SampleOutcome] {
        let all = Array(repeating: true, count: samples.count)
        return try samples.values(stage: "clean", among: all) { batch in
            for row in 0..<batch.count {
                let image = batch.image(row)
                guard !threat.allows(batch.imageCount, image, original: image) else { continue }
                throw Failure.badInput(
                    samples.dataset.name, "image \(batch.indices[row]) has values outside of \(threat.box)",
                    expected: "images within the box of the threat model")
            }
            return outcomes(of: batch.images, batch)
        }.map { $0 ?? .broken }
    }

    /// Which of the samples `among` survive an attack; the others do not.
    /// - Parameters:
    ///   - other: the threat, where it is not the evaluation's.
    ///   - stage: what is being done, where the attack's name does not say it.
    ///   - recording: keep the images that break samples, where the record keeps any, unless the sample has one.
    func survivors(
        of attack: any Attack, among: [Bool], under other: ThreatModel? = nil, stage name: String? = nil,
        recording: Bool = false
    ) throws -> AttackSurvivors {
        let threat = other ?? threat
        let stage = try record.restore(
            name ?? attack.name, among: among, recording: recording, measures: attack is any MinimalNormAttack
        ) { sample, image in
            let original = samples.load([sample])
            return withExtendedLifetime(original) {
                threat.allows(original.imageCount, image, original: original.image(0))
            }
        }
        let passes = attack.passes(problem)
        let found = try samples.values(stage: stage.name, passes: passes, among: stage.left) { batch in
            let (images, findings) = attacked(batch, by: attack, under: threat)
            return try withExtendedLifetime(images) {
                try stage.add(batch.indices, findings) { images.pointer + $0 * batch.imageCount }
                return findings
            }
        }
        return try stage.settle(found)
    }

    /// What attacks are asked about before they start.
    var problem: AttackProblem { AttackProblem(classes: classifier.classes, norm: threat.norm) }

    /// Of one sample, [classes]. The same on every rank, as predictions do not depend on the batch.
    func logits(of sample: Int) -> [Scalar] { classifier.logits(samples.load([sample]).images).array }

    /// Images [B, H, W, C] and what they are; those that break a sample the threat allows.
    private func attacked(
        _ batch: AttackBatch, by attack: any Attack, under threat: ThreatModel
    ) -> (Tensor, [AttackFinding]) {
        let context = AttackContext(
            classifier: searched, judge: classifier, surrogate: surrogate, threat: threat, seed: seed,
            onStep: samples.passDone)
        if let attack = attack as? any MinimalNormAttack {
            let images = attack.nearest(batch, context, until: 0).images
            return (images, measured(images, batch, threat))
        }
        let images = perturbed(batch, by: attack, context)
        return (images, outcomes(of: images, batch).map { AttackFinding($0) })
    }

    /// What images at any distance are: a sample is broken only by one that the threat allows.
    private func measured(_ images: Tensor, _ batch: AttackBatch, _ threat: ThreatModel) -> [AttackFinding] {
        let size = batch.imageCount
        return withExtendedLifetime(images) {
            outcomes(of: images, batch).enumerated().map { row, outcome in
                guard outcome != .survived else { return AttackFinding(.survived, distance: .infinity) }
                let image = images.pointer + row * size, original = batch.image(row)
                return AttackFinding(
                    threat.allows(size, image, original: original) ? outcome : .survived,
                    distance: threat.distance(size, image, original))
            }
        }
    }

    /// Images [B, H, W, C], which the threat allows.
    private func perturbed(_ batch: AttackBatch, by attack: any Attack, _ context: AttackContext) -> Tensor {
        let threat = context.threat
        let images = attack.perturb(batch, context), size = batch.imageCount
        precondition(images.shape == batch.images.shape, "attack \(attack.name): images \(images.shape)")
        withExtendedLifetime(images) {
            for row in 0..<batch.count {
                precondition(
                    threat.allows(size, images.pointer + row * size, original: batch.image(row)),
                    "attack \(attack.name): sample \(batch.indices[row]) has left the ball or the box")
            }
        }
        return images
    }

    private func outcomes(of images: Tensor, _ batch: AttackBatch) -> [SampleOutcome] {
        zip(classifier.predictions(images), batch.labels).map(SampleOutcome.init)
    }
}
