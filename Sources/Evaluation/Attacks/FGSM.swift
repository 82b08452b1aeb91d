import Autodiff
import Formats
import Perturbations

/// The fast gradient sign method (Goodfellow, Shlens, Szegedy 2015): one step of length epsilon up the cross-entropy.
/// Under `l2` the step is along the gradient instead of its signs.
public struct FGSM: Attack {
    public let name = "fgsm"
    public let settings = [JSONValue.Member("steps", 1)]

    public init() {}

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .gradients }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.crossEntropy.validate(classes: problem.classes, targeted: false)
    }

    public func passes(_ problem: AttackProblem) -> Int { 1 }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let ascent = ProjectedAscent(loss: .crossEntropy, steps: 1, stepSize: context.threat.epsilon)
        return ascent(from: batch.images, batch, targets: nil, context)
    }
}
