import Autodiff
import Configuration
import Tracing

/// -log p_y(x') with x' one step of the sign of the gradient away from a noisy image, and not brought back into a ball
/// around the clean one, which is what keeps a single step from catastrophic overfitting (N-FGSM; de Jorge, Bibi,
/// Volpi, Sanyal, Torr, Rogez, Dokania 2022).
public struct NoisyFastGradientSign: ClassificationLoss {
    /// The radius of the L-infinity threat.
    public var epsilon = PixelDistance(8.0 / 255)
    /// The noise is uniform in [-noise epsilon, noise epsilon].
    public var noise = 2.0
    /// null: epsilon.
    public var stepSize: PixelDistance?
    /// BatchNorm's, on the way.
    public var statistics = InnerAttack.Statistics.train

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epsilon", &epsilon, check: .positive)
        try fields.value("noise", &noise, check: .positive)
        try fields.optional("stepSize", &stepSize, check: .positive)
        try fields.value("statistics", &statistics)
    }

    public var title: String { "N-FGSM (linf \(epsilon), noise \(noise) of it)" }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .perturbedAccuracy] }

    public func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        let perturbed = passes.shard.images.pool.execution.trace.span(.phase, "inner attack") { perturb(passes) }
        let outputs = passes.outputs(ofPerturbed: perturbed)
        let loss = passes.crossEntropy(outputs)
        passes.figures.add(.crossEntropy, Double(loss.item))
        passes.figures[.accuracy] = passes.figures[.perturbedAccuracy]
        return loss
    }

    /// The shard's images, noisy and moved, [B, H, W, C].
    public func perturb(_ passes: ShardPasses) -> Tensor {
        step.ascend(from: start.startingPoints(passes), passes, maximising: .crossEntropy)
    }

    private var start: InnerAttack { attack(reach: noise * epsilon.value) }

    /// From any of its starting points it reaches no further than this ball.
    private var step: InnerAttack { attack(reach: noise * epsilon.value + (stepSize ?? epsilon).value) }

    private func attack(reach: Double) -> InnerAttack {
        var attack = InnerAttack(start: .ball)
        attack.norm = .linf
        attack.epsilon = PixelDistance(reach)
        attack.steps = 1
        attack.stepSize = stepSize ?? epsilon
        attack.statistics = statistics
        return attack
    }
}
