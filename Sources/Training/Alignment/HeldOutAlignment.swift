import Autodiff
import Data
import Distributed
import Figures
import Kernels
import Layers
import Models

/// Measures how the input gradients of a network agree with target gradients of given images, and how steep and how
/// linear its loss is there, as the evaluated network has it: with running statistics.
final class HeldOutAlignment {
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
    /// This rank's share of the images, and their targets.
    private let parts: [Part]
    private let count: Int
    private let classNames: [String]
    private let gradient: GradientOf
    private let attack: InnerAttack
    private let communicator: any Communicator

    private var classes: Int { classNames.count }

    /// - Parameters:
    ///   - samples: the first images, of which there are as many.
    ///   - targets: those of images at given places, [C, images, H, W, C].
    init(
        _ images: Subset, samples: Int, gradient: GradientOf, attack: InnerAttack, in pool: MemoryPool,
        _ communicator: any Communicator, targets: ([Int]) -> Tensor
    ) {
        self.gradient = gradient
        self.attack = attack
        self.communicator = communicator
        classNames = images.classNames
        count = samples
        let own = Array(communicator.share(of: count)), classes = images.classNames.count
        let found = targets(own)
        // Few enough that all classes' gradients together take little memory.
        let most = max(1, min(16, 160 / classes))
        parts = stride(from: 0, to: own.count, by: most).map { start in
            let rows = Array(start..<min(own.count, start + most))
            return Part(
                shard: LabelledImages(rows.map { own[$0] }, of: images, in: pool),
                targets: Self.rows(rows, of: found, classes: classes, in: pool))
        }
    }

    /// Collective; the same on every rank, for any number of ranks.
    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport {
        let parameters = state.tensors(of: parameters)
        var cosines: [Double] = [], smoothness: [Double] = []
        for part in parts {
            communicator.heartbeat.beat()
            let passes = ShardPasses(part.shard, state, parameters: parameters, .inference)
            let attacked = attack(passes, maximising: .crossEntropy)
            smoothness += self.smoothness(passes, attacked)
            let clean = self.cosines(at: part.shard.images, part, state, parameters)
            let perturbed = self.cosines(at: attacked, part, state, parameters)
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
        let all = try communicator.allGatherElements(smoothness)
        func mean(_ place: Int) -> Double {
            stride(from: place, to: all.count, by: 2).reduce(0) { $0 + all[$1] } * share
        }
        return report(
            sums.map { Cosines(clean: $0.clean * share, perturbed: $0.perturbed * share) },
            lossGradientNorm: mean(0), linearityGap: mean(1))
    }

    private func report(_ means: [Cosines], lossGradientNorm: Double, linearityGap: Double) -> HeldOutReport {
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
                (.heldOutLossGradientNorm, .number(lossGradientNorm)), (.heldOutLinearityGap, .number(linearityGap)),
                (.heldOutCosineByClass, byClass(\.clean)), (.heldOutPerturbedCosineByClass, byClass(\.perturbed)),
            ],
            summary: "cosine to the targets \(rounded(mean.clean, 3)) clean, \(rounded(mean.perturbed, 3)) perturbed")
    }

    /// Class by class, image by image.
    private func cosines(at images: Tensor, _ part: Part, _ state: ModelState, _ parameters: [Tensor]) -> [Double] {
        var forward = state.context(.inference, parameters: parameters)
        let found = state.inputGradient(
            of: images, in: &forward, of: { gradient == .logit ? $0 : $0.logSoftmax() },
            cotangent: { $0.classCotangents })
        return CosineSimilarity(found.gradient, part.targets).cosines.array.map { Double($0) }
    }

    /// Image by image: the norm of the cross-entropy's gradient, and the linearity gap on the way to `attacked`.
    private func smoothness(_ passes: ShardPasses, _ attacked: Tensor) -> [Double] {
        let images = passes.shard.images, labels = passes.shard.labels, size = images.shape.dropFirst().count
        let gradient = passes.inputGradient(of: images, .inference) { logits in
            logits.logSoftmax().exponential() - oneHot(labels, logits)
        }
        let before = crossEntropies(passes, at: images), after = crossEntropies(passes, at: attacked)
        return labels.indices.flatMap { row in
            var square = 0.0, slope = 0.0
            for i in (row * size)..<((row + 1) * size) {
                let g = Double(gradient.pointer[i])
                square += g * g
                slope += g * (Double(attacked.pointer[i]) - Double(images.pointer[i]))
            }
            return [square.squareRoot(), abs(after[row] - before[row] - slope)]
        }
    }

    private func crossEntropies(_ passes: ShardPasses, at images: Tensor) -> [Double] {
        var passes = passes
        let logProbabilities = passes.outputs(of: images).logProbabilities, classes = classes
        return passes.shard.labels.enumerated().map { row, label in
            -Double(logProbabilities.pointer[row * classes + label])
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
