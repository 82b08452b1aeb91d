import Autodiff
import Data
import Diffusion
import Distributed
import Kernels
import Layers
import Models
import Randomness

/// A denoiser's mean squared error on images that it was not trained on.
public struct HeldOutError: Sendable {
    public var loss: Double
    /// At the time steps in equal ranges, as in `LossParts`.
    public var levels: [LevelError]
}

/// Measures a denoiser on the first held-out images, always with the same time steps and noise: what changes from epoch
/// to epoch is the network.
final class DenoisingMonitor {
    private let objective: Denoising
    private let images: Subset
    private let count: Int
    private let seed: UInt64
    private let pool: MemoryPool
    private let communicator: any Communicator

    /// Images that go through the network at once.
    private static let batch = 16

    init(
        _ objective: Denoising, _ images: Subset, samples: Int, seed: UInt64, in pool: MemoryPool,
        _ communicator: any Communicator
    ) {
        self.objective = objective
        self.images = images
        count = min(samples, images.count)
        self.seed = seed
        self.pool = pool
        self.communicator = communicator
    }

    /// Collective; the same on every rank, for any number of ranks.
    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutError {
        let parameters = state.tensors(of: parameters), (rank, size) = (communicator.rank, communicator.size)
        let own = (count * rank / size)..<(count * (rank + 1) / size)
        var errors: [Double] = []
        for start in stride(from: own.lowerBound, to: own.upperBound, by: Self.batch) {
            communicator.heartbeat.beat()
            errors += measure(start..<min(own.upperBound, start + Self.batch), state, parameters)
        }
        let all = try communicator.allGather(errors.withUnsafeBytes { Array($0) })
            .flatMap { bytes in bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) } }
        var result = HeldOutError(loss: 0, levels: LossParts(images: 0).denoising)
        for (sample, error) in all.enumerated() {
            result.loss += error / Double(count)
            result.levels[LossParts.noiseLevel(time(of: sample), of: objective.process.levels)].add(error)
        }
        return result
    }

    private func stream(_ sample: Int) -> RandomStream {
        RandomStream(seed: seed, purpose: .heldOutNoise, 0, UInt64(sample))
    }

    /// What `NoisyImages` draws first.
    private func time(of sample: Int) -> Int {
        var stream = stream(sample)
        return stream.below(objective.process.levels.count)
    }

    /// Image by image.
    private func measure(_ samples: Range<Int>, _ state: ModelState, _ parameters: [Tensor]) -> [Double] {
        let shape = images.shape, model = state.model
        let pixels = Tensor([samples.count, shape.height, shape.width, shape.channels], in: pool) { out in
            for (row, sample) in samples.enumerated() { images.read(sample, into: out + row * shape.count) }
        }
        let shown = NoisyImages(
            model.normalisation(pixels), labels: samples.map { images.label($0) }, emptyClass: model.classes,
            labelDropping: objective.labelDropping, levels: objective.process.levels
        ) { stream(samples.lowerBound + $0) }
        var context = state.context(.inference, parameters: parameters)
        let predicted = model.prediction(for: shown.noisy, shown.conditioning, &context)
        return objective.errors(of: predicted, shown).array.map { Double($0) }
    }
}
