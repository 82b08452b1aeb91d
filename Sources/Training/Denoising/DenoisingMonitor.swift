import Autodiff
import Data
import Distributed
import Figures
import Kernels
import Layers
import Models
import Randomness

/// A denoiser's mean squared error on the first held-out images, always with the same time steps and noise: what
/// changes from epoch to epoch is the network.
final class DenoisingMonitor: HeldOutMonitor {
    private let error: DenoisingError
    private let images: Subset
    private let count: Int
    private let seed: UInt64
    private let pool: MemoryPool
    private let communicator: any Communicator

    /// Images that go through the network at once.
    private static let batch = 16

    init(_ error: DenoisingError, _ context: HeldOutContext) {
        self.error = error
        images = context.data.validation
        count = context.settings.samples(of: images.count)
        seed = context.seed
        pool = context.pool
        communicator = context.communicator
    }

    func validate() {}
    func prepare() {}

    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport {
        let parameters = state.tensors(of: parameters), own = communicator.share(of: count)
        var findings: [Finding] = []
        for start in stride(from: own.lowerBound, to: own.upperBound, by: Self.batch) {
            communicator.heartbeat.beat()
            findings += measure(start..<min(own.upperBound, start + Self.batch), state, parameters)
        }
        var mean = 0.0, levels = FigureSums(images: count)
        for finding in try communicator.allGatherElements(findings) {
            mean += finding.error / Double(count)
            levels.add(error.figure(at: finding.time), finding.error, of: 1)
        }
        let byLevel = Figure.errorByNoiseLevel.compactMap { level in
            levels[level].value.map { (level, HeldOutReport.Value.number($0)) }
        }
        return HeldOutReport(
            figures: [(.heldOutError, .number(mean))] + byLevel, summary: "held-out error \(rounded(mean, 5))")
    }

    private struct Finding: BitwiseCopyable {
        let time: Int
        let error: Double
    }

    /// Image by image.
    private func measure(_ samples: Range<Int>, _ state: ModelState, _ parameters: [Tensor]) -> [Finding] {
        let heldOut = LabelledImages(Array(samples), of: images, in: pool)
        var context = state.context(.inference, parameters: parameters)
        let (errors, times) = error(heldOut, state.model, &context) {
            RandomStream(seed: seed, purpose: .heldOutNoise, 0, UInt64(samples.lowerBound + $0))
        }
        return zip(times, errors.array).map { Finding(time: $0, error: Double($1)) }
    }
}
