import Autodiff
import Configuration
import Glibc
import Kernels
import Tracing

/// -log p_y of several noisy copies of x', on average, with x' found by ascent on -log of the mean of p_y over the same
/// noise: adversarial training of the smoothed classifier (SmoothAdv; Salman, Li, Razenshteyn, Zhang, Zhang, Bubeck,
/// Yang 2019).
public struct SmoothAdversarial: NoisyCopiesLoss {
    /// Deviation of the noise on every value, in units of images in [0, 1].
    public var sigma = 0.25
    /// Of noise, the same in every step of the ascent and after it.
    public var draws = 2
    public var attack = InnerAttack(start: .image)

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("sigma", &sigma, check: .positive)
        try fields.value("draws", &draws, in: 1...1000)
        try fields.section("attack", &attack)
    }

    public var title: String {
        "adversarial training of the smoothed classifier (deviation \(sigma), \(draws) "
            + "draw\(draws == 1 ? "" : "s"), \(attack.title))"
    }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .perturbedAccuracy] }

    public func copies(_ passes: ShardPasses) -> [Tensor] {
        passes.shard.images.pool.execution.trace.span(.phase, "inner attack") {
            let noise = NormalNoise(passes.shard, deviation: sigma, draws: draws)
            return noise.copies(of: perturb(attack.startingPoints(passes), passes, noise))
        }
    }

    public func callAsFunction(_ passes: inout ShardPasses, copies: [Tensor]) -> Tensor {
        passes.crossEntropy(ofCopies: copies).loss
    }

    /// The shard's images without their noise after all steps from given points, [B, H, W, C], which the threat must allow.
    public func perturb(_ points: Tensor, _ passes: ShardPasses, _ noise: NormalNoise) -> Tensor {
        attack.ascend(from: points, passes) { images, mode in
            let copies = noise.copies(of: images)
            let weights = Self.weights(copies.map { passes.logProbabilities(of: $0, mode) }, passes.shard.labels)
            // With a batch's statistics an image has a part in the others' probabilities, so weights go to those.
            return sum(
                zip(copies, weights).map { copy, weights in
                    passes.inputGradient(of: copy, mode) { logits in
                        (logits.logSoftmax().exponential() - oneHot(passes.shard.labels, logits)) * weights
                    }
                })
        }
    }

    /// Of each draw a number for each image, [B, 1]: -log of the mean of p_y has the derivative of each draw's -log p_y, times
    /// p_y over the sum of the draws' p_y.
    private static func weights(_ logProbabilities: [Tensor], _ labels: [Int]) -> [Tensor] {
        let logarithms = logProbabilities.map { draw in
            labels.enumerated().map { Double(draw.pointer[$0 * draw.shape[-1] + $1]) }
        }
        let largest = labels.indices.map { row in logarithms.reduce(-Double.infinity) { max($0, $1[row]) } }
        let shares = logarithms.map { zip($0, largest).map { exp($0 - $1) } }
        let totals = labels.indices.map { row in shares.reduce(0) { $0 + $1[row] } }
        return zip(shares, logProbabilities).map { shares, draw in
            Tensor([labels.count, 1], zip(shares, totals).map { Scalar($0 / $1) }, in: draw.pool)
        }
    }
}
