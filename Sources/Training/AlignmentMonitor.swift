import Autodiff
import Data
import Distributed
import Kernels
import Layers
import Models
import Targets

/// Mean cosines between input gradients and target gradients of images that were not trained on.
public struct HeldOutAlignment: Sendable {
    public struct Cosines: Sendable {
        public var clean = 0.0
        /// At images that an attack has perturbed, to the targets of the clean ones.
        public var perturbed = 0.0
    }
    /// By target class.
    public var classes: [Cosines]

    public var mean: Cosines {
        let share = 1 / Double(max(1, classes.count))
        return classes.reduce(into: Cosines()) {
            $0.clean += share * $1.clean
            $0.perturbed += share * $1.perturbed
        }
    }
}

/// Measures alignment on the first held-out images, as the evaluated network has it: with running statistics.
final class AlignmentMonitor {
    private struct Part {
        let shard: LabelledImages
        /// [C, b, H, W, C]
        let targets: Tensor
    }
    private let parts: [Part]
    private let count: Int
    private let classes: Int
    private let gradient: GradientOf
    private let attack: InnerAttack
    private let communicator: any Communicator

    /// This rank's share of the images, and their targets. The attack is the monitor's radius and steps, up the
    /// cross-entropy from the image itself.
    init(
        _ configuration: RunConfiguration, _ images: Subset, targets: any UnseenTargets, in pool: MemoryPool,
        _ communicator: any Communicator
    ) {
        let monitor = configuration.monitor
        var attack = InnerAttack(start: .image)
        attack.norm = monitor.norm
        attack.epsilon = monitor.epsilon
        attack.steps = monitor.steps
        self.attack = attack
        self.communicator = communicator
        gradient = configuration.loss.alignment.gradient
        classes = images.classNames.count
        count = min(monitor.alignmentSamples, images.count)
        let own = Array(communicator.share(of: count))
        let found = Self.targets(of: own, images, targets, in: pool, communicator)
        // Few enough that all classes' gradients together take little memory.
        let most = max(1, min(16, 160 / classes)), classes = classes
        parts = stride(from: 0, to: own.count, by: most).map { start in
            let rows = Array(start..<min(own.count, start + most))
            return Part(
                shard: LabelledImages(rows.map { own[$0] }, of: images, in: pool),
                targets: Self.rows(rows, of: found, classes: classes, in: pool))
        }
    }

    /// Collective; the same on every rank, for any number of ranks.
    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutAlignment {
        let parameters = state.tensors(of: parameters)
        var cosines: [Double] = []
        for part in parts {
            communicator.heartbeat.beat()
            let passes = ShardPasses(part.shard, state, parameters: parameters, .inference)
            let clean = self.cosines(at: part.shard.images, part, state, parameters)
            let perturbed = self.cosines(at: attack(passes, maximising: .crossEntropy), part, state, parameters)
            let images = part.shard.labels.count
            for image in 0..<images {
                for target in 0..<classes {
                    cosines += [clean[target * images + image], perturbed[target * images + image]]
                }
            }
        }
        var sums = Array(repeating: HeldOutAlignment.Cosines(), count: classes)
        for (place, cosine) in try communicator.allGatherElements(cosines).enumerated() {
            let target = place / 2 % classes
            if place % 2 == 0 { sums[target].clean += cosine } else { sums[target].perturbed += cosine }
        }
        let share = 1 / Double(max(1, count))
        return HeldOutAlignment(
            classes: sums.map { .init(clean: $0.clean * share, perturbed: $0.perturbed * share) })
    }

    /// Class by class, image by image.
    private func cosines(at images: Tensor, _ part: Part, _ state: ModelState, _ parameters: [Tensor]) -> [Double] {
        var context = state.context(.inference, parameters: parameters)
        let x = images.variable
        let logits = state.model(x, &context)
        let z = gradient == .logit ? logits : logits.logSoftmax()
        let gradient = gradients(of: z, seed: z.classCotangents, with: [x], releasing: true)[0]
        return CosineSimilarity(gradient, part.targets).cosines.array.map { Double($0) }
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

    private static func rows(_ rows: [Int], of targets: Tensor, classes: Int, in pool: MemoryPool) -> Tensor {
        let image = targets.shape.dropFirst(2), images = targets.shape[1]
        return Tensor([classes, rows.count] + image, in: pool) { out in
            for target in 0..<classes {
                for (place, row) in rows.enumerated() {
                    (out + (target * rows.count + place) * image.count)
                        .update(from: targets.pointer + (target * images + row) * image.count, count: image.count)
                }
            }
        }
    }
}
