import Autodiff
import Data
import Distributed
import Figures
import Kernels
import Layers
import Models
import Targets

/// Mean cosines between input gradients and target gradients of the first held-out images, as the evaluated network has
/// them: with running statistics.
final class AlignmentMonitor: HeldOutMonitor {
    private struct Cosines {
        var clean = 0.0
        /// At images that an attack has perturbed, to the targets of the clean ones.
        var perturbed = 0.0
    }
    private struct Part {
        let shard: LabelledImages
        /// [C, b, H, W, C]
        let targets: Tensor
    }
    private let context: HeldOutContext
    private let attack: InnerAttack
    private let count: Int
    private let classNames: [String]
    /// This rank's share of the images, and their targets. None where the targets know no other images than those trained
    /// on, or there is nothing for this rank.
    private var parts: [Part] = []
    private var hasTargets = false

    private var classes: Int { classNames.count }

    /// Nil where nothing is to be measured. The attack is the monitor's radius and steps, up the cross-entropy from the
    /// image itself.
    init?(_ context: HeldOutContext) {
        let settings = context.settings, images = context.data.validation
        guard settings.everyEpochs > 0, settings.alignmentSamples > 0, images.count > 0 else { return nil }
        self.context = context
        var attack = InnerAttack(start: .image)
        attack.norm = settings.norm
        attack.epsilon = settings.epsilon
        attack.steps = settings.steps
        self.attack = attack
        count = min(settings.alignmentSamples, images.count)
        classNames = images.classNames
    }

    func validate() {}

    func prepare() throws {
        guard let targets = try context.unseenTargets() else { return }
        hasTargets = true
        let images = context.data.validation, pool = context.pool
        let own = Array(context.communicator.share(of: count))
        let found = Self.targets(of: own, images, targets, in: pool, context.communicator)
        // Few enough that all classes' gradients together take little memory.
        let most = max(1, min(16, 160 / classes))
        parts = stride(from: 0, to: own.count, by: most).map { start in
            let rows = Array(start..<min(own.count, start + most))
            return Part(
                shard: LabelledImages(rows.map { own[$0] }, of: images, in: pool),
                targets: Self.rows(rows, of: found, classes: classes, in: pool))
        }
    }

    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport {
        guard hasTargets else { return .nothing }
        let parameters = state.tensors(of: parameters), communicator = context.communicator
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
        var sums = Array(repeating: Cosines(), count: classes)
        for (place, cosine) in try communicator.allGatherElements(cosines).enumerated() {
            let target = place / 2 % classes
            if place % 2 == 0 { sums[target].clean += cosine } else { sums[target].perturbed += cosine }
        }
        let share = 1 / Double(max(1, count))
        return report(sums.map { Cosines(clean: $0.clean * share, perturbed: $0.perturbed * share) })
    }

    private func report(_ means: [Cosines]) -> HeldOutReport {
        let share = 1 / Double(max(1, means.count))
        let mean = means.reduce(into: Cosines()) {
            $0.clean += share * $1.clean
            $0.perturbed += share * $1.perturbed
        }
        func byClass(_ cosine: KeyPath<Cosines, Double>) -> HeldOutReport.Value {
            .byClass(zip(classNames, means).map { ($0, $1[keyPath: cosine]) })
        }
        return HeldOutReport(
            figures: [
                (.heldOutCosine, .number(mean.clean)), (.heldOutPerturbedCosine, .number(mean.perturbed)),
                (.heldOutCosineByClass, byClass(\.clean)), (.heldOutPerturbedCosineByClass, byClass(\.perturbed)),
            ],
            summary: "cosine to the targets \(rounded(mean.clean, 3)) clean, \(rounded(mean.perturbed, 3)) perturbed")
    }

    /// Class by class, image by image.
    private func cosines(at images: Tensor, _ part: Part, _ state: ModelState, _ parameters: [Tensor]) -> [Double] {
        var forward = state.context(.inference, parameters: parameters)
        let x = images.variable
        let logits = state.model(x, &forward)
        let z = context.alignment.gradient == .logit ? logits : logits.logSoftmax()
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
