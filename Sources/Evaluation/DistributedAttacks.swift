import Autodiff
import Data
import Distributed
import Failures
import Kernels

/// Runs predictions and attacks on a share of the samples and brings the outcomes together. Every method is collective
/// and returns the same on every rank.
final class DistributedAttacks {
    let classifier: Classifier
    let dataset: any Dataset
    let communicator: any Communicator
    let blocks: SampleBlocks
    let threat: ThreatModel
    let seed: UInt64
    private let progress: (EvaluationProgress) -> Void
    /// Activations of one block; used again by the next.
    private let pool = MemoryPool()
    /// The misclassified images that attacks found on this rank's samples, by sample.
    private(set) var adversarial: [Int: [Scalar]] = [:]

    init(
        _ classifier: Classifier, _ dataset: any Dataset, _ communicator: any Communicator, _ blocks: SampleBlocks,
        _ threat: ThreatModel, seed: UInt64, progress: @escaping (EvaluationProgress) -> Void
    ) {
        self.classifier = classifier
        self.dataset = dataset
        self.communicator = communicator
        self.blocks = blocks
        self.threat = threat
        self.seed = seed
        self.progress = progress
    }

    /// Which of the samples that the model gets right. Throws `badInput` where an image lies outside of the threat's
    /// box, in which no attack could start from it.
    func correct() throws -> [Bool] {
        let all = Array(repeating: true, count: blocks.samples)
        return try flags(stage: "clean", among: all) { batch in
            for row in 0..<batch.count {
                let image = batch.image(row)
                guard !threat.allows(batch.imageCount, image, original: image) else { continue }
                throw Failure.badInput(
                    dataset.name, "image \(batch.indices[row]) has values outside of \(threat.box)",
                    expected: "images within the box of the threat model")
            }
            return classifier.misclassifies(batch.images, batch.labels).map { !$0 }
        }
    }

    /// Which of the samples `among` survive an attack; the others do not.
    /// - Parameter recording: keep the images that broke samples for `adversarial`, unless the sample has one.
    func survivors(
        of attack: any Attack, among: [Bool], under other: ThreatModel? = nil, stage: String? = nil,
        recording: Bool = false
    ) throws -> [Bool] {
        let threat = other ?? threat
        let context = AttackContext(classifier: classifier, threat: threat, seed: seed) { [communicator] in
            communicator.heartbeat.beat()
        }
        return try flags(stage: stage ?? attack.name, among: among) { batch in
            let images = attack.perturb(batch, context)
            precondition(images.shape == batch.images.shape, "attack \(attack.name): images \(images.shape)")
            let size = batch.imageCount
            for row in 0..<batch.count {
                precondition(
                    threat.allows(size, images.pointer + row * size, original: batch.image(row)),
                    "attack \(attack.name): sample \(batch.indices[row]) has left the ball or the box")
            }
            let broken = classifier.misclassifies(images, batch.labels)
            for (row, sample) in batch.indices.enumerated()
            where recording && broken[row] && adversarial[sample] == nil {
                adversarial[sample] = Array(UnsafeBufferPointer(start: images.pointer + row * size, count: size))
            }
            return broken.map { !$0 }
        }
    }

    /// `body`'s flag for each of the samples `among`, false for the others.
    func flags(stage: String, among: [Bool], _ body: (AttackBatch) throws -> [Bool]) throws -> [Bool] {
        var mine: [UInt8] = []
        let own = blocks.blocks(of: communicator.rank)
        let total = own.reduce(0) { $0 + $1.count }
        for block in own {
            let samples = block.filter { among[$0] }
            communicator.heartbeat.beat("evaluation", step: block.lowerBound)
            let result = samples.isEmpty ? [] : try body(load(samples))
            var flags = [UInt8](repeating: 0, count: block.count)
            for (sample, flag) in zip(samples, result) where flag { flags[sample - block.lowerBound] = 1 }
            mine += flags
            if communicator.rank == 0 { progress(EvaluationProgress(stage: stage, done: mine.count, total: total)) }
        }
        var all = Array(repeating: false, count: blocks.samples)
        for (rank, bytes) in try communicator.allGather(mine).enumerated() {
            let samples = blocks.samples(of: rank)
            guard bytes.count == samples.count else {
                throw Failure(.internalError, "\(stage): rank \(rank) sent \(bytes.count) flags of \(samples.count)")
            }
            for (sample, flag) in zip(samples, bytes) { all[sample] = flag == 1 }
        }
        return all
    }

    private func load(_ samples: [Int]) -> AttackBatch {
        let shape = dataset.shape
        let images = Tensor([samples.count, shape.height, shape.width, shape.channels], in: pool) { out in
            for (place, sample) in samples.enumerated() { dataset.read(sample, into: out + place * shape.count) }
        }
        return AttackBatch(images: images, labels: samples.map { dataset.label($0) }, indices: samples)
    }

    /// On rank 0, all samples' images [N, H, W, C]: the recorded one, or the clean one where there is none. Empty on
    /// the other ranks. Collective.
    func adversarialImages() throws -> [Scalar] {
        let size = dataset.shape.count, isRoot = communicator.rank == 0
        var images = [Scalar](repeating: 0, count: isRoot ? blocks.samples * size : 0)
        if isRoot {
            images.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                for sample in 0..<blocks.samples { dataset.read(sample, into: base + sample * size) }
            }
        }
        // One block of each rank a round, which bounds the memory that messages take.
        for round in 0..<blocks.rounds {
            let recorded = blocks.block(round, of: communicator.rank).filter { adversarial[$0] != nil }
            let numbers = recorded.flatMap { adversarial[$0] ?? [] }
            let message =
                recorded.map(Int64.init).withUnsafeBytes { Array($0) } + numbers.withUnsafeBytes { Array($0) }
            for (rank, bytes) in try communicator.gather(message, to: 0).enumerated() {
                try place(bytes, from: rank, allowed: blocks.block(round, of: rank), in: &images)
            }
        }
        return images
    }

    private func place(_ bytes: [UInt8], from rank: Int, allowed: Range<Int>, in images: inout [Scalar]) throws {
        let size = dataset.shape.count
        let imageBytes = size * MemoryLayout<Scalar>.stride, record = MemoryLayout<Int64>.stride + imageBytes
        let count = bytes.count / record
        guard bytes.count == count * record else {
            throw Failure(.internalError, "adversarial images: \(bytes.count) bytes from rank \(rank)")
        }
        try bytes.withUnsafeBytes { from in
            try images.withUnsafeMutableBytes { to in
                for place in 0..<count {
                    let sample = Int(from.loadUnaligned(fromByteOffset: place * 8, as: Int64.self))
                    guard allowed.contains(sample) else {
                        throw Failure(.internalError, "adversarial images: sample \(sample) from rank \(rank)")
                    }
                    let start = count * 8 + place * imageBytes
                    UnsafeMutableRawBufferPointer(rebasing: to[sample * imageBytes..<(sample + 1) * imageBytes])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: from[start..<start + imageBytes]))
                }
            }
        }
    }
}
