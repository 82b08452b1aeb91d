import Autodiff
import Configuration

/// -log p_y(x') with x' found by projected gradient ascent (Madry et al. 2018), or by one step of it from a random
/// point (Wong, Rice, Kolter 2020).
public struct AdversarialTraining: AdversarialLoss {
    public var attack = InnerAttack()

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws { try fields.section("attack", &attack) }

    public var title: String { "adversarial training (\(attack.title))" }
    public var goal: InnerAttack.Goal { .crossEntropy }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .perturbedAccuracy] }

    public func callAsFunction(_ passes: inout ShardPasses, perturbed: Tensor) -> Tensor {
        let outputs = passes.outputs(ofPerturbed: perturbed)
        let loss = passes.crossEntropy(outputs)
        passes.figures.add(.crossEntropy, Double(loss.item))
        passes.figures[.accuracy] = passes.figures[.perturbedAccuracy]
        return loss
    }
}
