import Autodiff
import Configuration
import Kernels

/// -log p_y(x) + beta KL(p(x) || p(x')) with x' found by ascent on the divergence (Zhang et al. 2019, where beta is
/// 1 / lambda). Both distributions depend on the parameters; each pass normalises by its own batch.
struct TRADES: AdversarialLoss {
    /// Of the divergence, beside the cross-entropy.
    var beta = 6.0
    var attack = InnerAttack(start: .small)

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("beta", &beta, check: .notNegative)
        try fields.section("attack", &attack)
        try fields.require(
            attack.start != .image, "attack",
            "randomStart: false never moves an image, as the divergence has no slope at the image itself")
    }

    var title: String { "TRADES (beta \(beta), \(attack.title))" }
    var figures: [StepFigure] { [.crossEntropy, .accuracy, .regularisation, .perturbedAccuracy] }
    var goal: InnerAttack.Goal { .divergence }

    func callAsFunction(_ passes: inout ShardPasses, perturbed: Tensor) -> Tensor {
        let clean = passes.clean(), outputs = passes.outputs(ofPerturbed: perturbed)
        let crossEntropy = passes.crossEntropy(clean)
        let logRatio = clean.logProbabilities - outputs.logProbabilities
        let regularisation = (clean.logProbabilities.exponential() * logRatio).total() * Scalar(beta)
        passes.figures.add(.crossEntropy, Double(crossEntropy.item))
        passes.figures.add(.accuracy, Double(correctPredictions(clean.logits, passes.shard.labels)))
        passes.figures.add(.regularisation, Double(regularisation.item))
        return crossEntropy + regularisation
    }
}
