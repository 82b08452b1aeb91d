import Autodiff
import Data
import Distributed
import Kernels
import Models
import Perturbations
import Targets

/// Looks at the alignment of the first held-out images with a run's own targets.
final class AlignmentMonitor: HeldOutMonitor {
    private let context: HeldOutContext
    private let count: Int
    /// Nil where the targets know no other images than those trained on.
    private var alignment: HeldOutAlignment?

    /// Nil where nothing is to be measured.
    init?(_ context: HeldOutContext) {
        let settings = context.settings
        count = settings.alignmentSamples(of: context.data.validation.count)
        guard settings.everyEpochs > 0, count > 0 else { return nil }
        self.context = context
    }

    func validate() {}

    /// The attack is the monitor's radius and steps.
    func prepare() throws {
        guard let targets = try context.unseenTargets() else { return }
        let settings = context.settings, images = context.data.validation, pool = context.pool
        alignment = HeldOutAlignment(
            images, samples: count, gradient: context.alignment.gradient,
            attack: .ascent(settings.norm, settings.epsilon, steps: settings.steps), in: pool, context.communicator
        ) { own in
            Self.targets(of: own, images, targets, in: pool, context.communicator)
        }
    }

    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport {
        try alignment?(state, parameters: parameters) ?? .nothing
    }

    /// [C, images, H, W, C]: all of this rank's at once, as a search among many images is cheaper for many.
    private static func targets(
        of indices: [Int], _ images: Subset, _ targets: any UnseenTargets, in pool: MemoryPool,
        _ communicator: any Communicator
    ) -> Tensor {
        let pixels = LabelledImages(indices, of: images, in: pool).images, classes = images.classNames.count
        return Tensor([classes] + pixels.shape, in: pool) { out in
            for target in 0..<classes where !indices.isEmpty {
                communicator.heartbeat.beat()
                targets.write(
                    images: pixels.pointer, count: indices.count, size: images.shape.count, target: target,
                    into: out + target * pixels.shape.count)
            }
        }
    }
}

extension InnerAttack {
    /// Up the cross-entropy from the image itself.
    static func ascent(_ norm: ThreatModel.Norm, _ epsilon: PixelDistance, steps: Int) -> InnerAttack {
        var attack = InnerAttack(start: .image)
        attack.norm = norm
        attack.epsilon = epsilon
        attack.steps = steps
        return attack
    }
}
