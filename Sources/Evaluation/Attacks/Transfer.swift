import Autodiff
import Failures
import Formats
import Perturbations

/// Adversarial images of another model, the surrogate: where these break what gradients of the model itself do not,
/// its gradients mislead.
public struct Transfer: Attack {
    public var name: String
    /// Of projected gradient descent against the surrogate.
    public var steps: Int

    /// `steps` of 2.5 epsilon / steps each.
    public init(name: String = "transfer", steps: Int = 40) {
        precondition(steps > 0, "Transfer: \(steps) steps")
        self.name = name
        self.steps = steps
    }

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .surrogate }
    public var settings: [JSONValue.Member] {
        [.init("loss", JSONValue(AttackLoss.crossEntropy.rawValue)), .init("steps", JSONValue(steps))]
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.crossEntropy.validate(classes: problem.classes, targeted: false)
    }

    public func passes(_ problem: AttackProblem) -> Int { steps }

    /// The clean images where there is no surrogate.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        guard let surrogate = context.turnedToSurrogate() else { return batch.images }
        // All the way, past the surrogate's own boundary: further in, images transfer better.
        let ascent = ProjectedAscent(
            loss: .crossEntropy, steps: steps, stepSize: 2.5 * context.threat.epsilon / Double(steps),
            stopsWhenMisclassified: false)
        return ascent(from: batch.images, batch, targets: nil, surrogate)
    }
}
