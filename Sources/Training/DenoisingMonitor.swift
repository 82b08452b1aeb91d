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

    private struct Finding: BitwiseCopyable {
        let time: Int
        let error: Double
    }

    /// Collective; the same on every rank, for any number of ranks.
    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutError {
        let parameters = state.tensors(of: parameters), own = communicator.share(of: count)
        var findings: [Finding] = []
        for start in stride(from: own.lowerBound, to: own.upperBound, by: Self.batch) {
            communicator.heartbeat.beat()
            findings += measure(start..<min(own.upperBound, start + Self.batch), state, parameters)
        }
        var result = HeldOutError(loss: 0, levels: LossParts(images: 0).denoising)
        for finding in try communicator.allGatherElements(findings) {
            result.loss += finding.error / Double(count)
            result.levels[LossParts.noiseLevel(finding.time, of: objective.process.levels)].add(finding.error)
        }
        return result
    }

    /// Image by image.
    private func measure(_ samples: Range<Int>, _ state: ModelState, _ parameters: [Tensor]) -> [Finding] {
        let heldOut = LabelledImages(Array(samples), of: images, in: pool), model = state.model
        let shown = NoisyImages(
            model.normalisation(heldOut.images), labels: heldOut.labels, emptyClass: model.classes,
            labelDropping: objective.labelDropping, levels: objective.process.levels
        ) { RandomStream(seed: seed, purpose: .heldOutNoise, 0, UInt64(samples.lowerBound + $0)) }
        var context = state.context(.inference, parameters: parameters)
        let predicted = model.prediction(for: shown.noisy, shown.conditioning, &context)
        return zip(shown.times, objective.errors(of: predicted, shown).array).map {
            Finding(time: $0, error: Double($1))
        }
    }
}
