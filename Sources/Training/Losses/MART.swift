import Autodiff
import Configuration
import Kernels

/// -log p_y(x') - log(1 - max over k != y of p_k(x')) + beta KL(p(x) || p(x')) (1 - p_y(x)): what is misclassified
/// weighs more (Wang et al. 2020). With the small constants of the authors' code.
struct MART: AdversarialLoss {
    /// Of the divergence, beside the rest.
    var beta = 5.0
    var attack = InnerAttack(start: .small)

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("beta", &beta, check: .notNegative)
        try fields.section("attack", &attack)
    }

    var title: String { "MART (beta \(beta), \(attack.title))" }
    var goal: InnerAttack.Goal { .crossEntropy }
    var figures: [StepFigure] { [.crossEntropy, .accuracy, .regularisation, .perturbedAccuracy] }

    func callAsFunction(_ passes: inout ShardPasses, perturbed: Tensor) -> Tensor {
        let labels = passes.shard.labels
        let clean = passes.clean(), outputs = passes.outputs(ofPerturbed: perturbed)
        let crossEntropy = passes.crossEntropy(outputs)
        let likeliestOther = oneHot(Self.likeliestOthers(outputs.logits, labels), outputs.logits)
        let margin = -(-(outputs.logProbabilities.exponential() * likeliestOther).sum(-1) + 1.0001).logarithm().total()

        let probabilities = clean.logProbabilities.exponential()
        let divergence = (probabilities * (clean.logProbabilities - outputs.logProbabilities)).sum(-1)
        let doubt = -(probabilities * oneHot(labels, clean.logits)).sum(-1) + 1.000_000_1
        let regularisation = margin + (divergence * doubt).total() * Scalar(beta)
        passes.figures.add(.crossEntropy, Double(crossEntropy.item))
        passes.figures.add(.accuracy, Double(correctPredictions(clean.logits, labels)))
        passes.figures.add(.regularisation, Double(regularisation.item))
        return crossEntropy + regularisation
    }

    /// Of each row the most probable class that is not the label.
    private static func likeliestOthers(_ logits: Tensor, _ labels: [Int]) -> [Int] {
        let classes = logits.shape[-1]
        return labels.enumerated().map { row, label in
            let z = logits.pointer + row * classes
            var best = label == 0 ? 1 : 0
            for k in 0..<classes where k != label && z[k] > z[best] { best = k }
            return best
        }
    }
}
