import Autodiff
import Configuration
import Data
import Distributed
import Failures
import Kernels
import Models
import Perturbations
import Targets

/// Alignment with the targets of one file, by which networks are compared whatever they were trained with: on the
/// images that a run holds out, for any of its checkpoints.
public final class AlignmentYardstick {
    /// Of the run.
    public let stepsPerEpoch: Int
    private let alignment: HeldOutAlignment
    /// Held-out images that are looked at.
    public let count: Int
    /// Held-out images that there are.
    public let available: Int
    /// What tells the targets of these images from others, whatever their file is called.
    public let targetsHash: String?
    /// What a person should know of the targets.
    public let notices: [String]

    /// Opens the run's data, and the targets of the first `samples` held-out images, nil for all, at most 500.
    /// Collective. Throws `badInput` where the run holds none out, or the file has no targets of them.
    public init(
        _ configuration: RunConfiguration, targets: TargetFile, samples: Int?, norm: ThreatModel.Norm,
        epsilon: PixelDistance, in pool: MemoryPool, _ communicator: any Communicator
    ) throws {
        let data = try configuration.openData { communicator.heartbeat.beat() }, heldOut = data.validation
        guard heldOut.count > 0 else {
            throw Failure(.badInput, "the run holds no images out (data.validation), so there are none to measure on")
        }
        stepsPerEpoch = data.stepsPerEpoch(batch: configuration.train.batch)
        available = heldOut.count
        count = min(samples ?? 500, available)
        let images = Subset(heldOut.base, indices: Array(heldOut.indices.prefix(count)))
        let source = try targets.prepare(
            TargetContext(
                train: images, seed: configuration.seed, work: CommunicatorWorkSharing(communicator: communicator)))
        targetsHash = source.contentHash
        notices = source.notices
        alignment = HeldOutAlignment(
            images, samples: count, gradient: .logprob, attack: .ascent(norm, epsilon, steps: 7), in: pool,
            communicator
        ) { own in
            let size = images.shape.count, classes = images.classNames.count
            let pixels = LabelledImages(own, of: images, in: pool).images
            return Tensor([classes] + pixels.shape, in: pool) { out in
                for row in 0..<(classes * own.count) {
                    let place = row % own.count
                    source.write(
                        index: own[place], pixels: pixels.pointer + place * size, target: row / own.count,
                        into: out + row * size)
                }
            }
        }
    }

    /// Of a network as its parameters stand. Collective; the same on any number of ranks.
    public func callAsFunction(_ state: ModelState) throws -> HeldOutReport {
        try alignment(state, parameters: state.parameters)
    }
}
