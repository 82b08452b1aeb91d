import Autodiff
import Failures
import Formats

/// Adversarial images of another model, the surrogate: where these break what gradients of the model itself do not,
/// its gradients mislead.
public struct Transfer: Attack {
    public var name: String
    public var steps: Int

    public init(name: String = "transfer", steps: Int = 40) {
        precondition(steps > 0, "Transfer: \(steps) steps")
        self.name = name
        self.steps = steps
    }

    public var usesGradients: Bool { false }
    public var needsSurrogate: Bool { true }
    public var settings: [JSONValue.Member] {
        [.init("loss", JSONValue(AttackLoss.crossEntropy.rawValue)), .init("steps", JSONValue(steps))]
    }

    public func passes(classes: Int) -> Int { steps }

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
