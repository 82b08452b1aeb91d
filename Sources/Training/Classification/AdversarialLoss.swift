import Autodiff
import Kernels
import Tracing

/// A loss on images that an attack perturbs. A new one is one file and one line in `objectives`.
public protocol AdversarialLoss: ClassificationLoss {
    var attack: InnerAttack { get }
    /// What the attack makes large.
    var goal: InnerAttack.Goal { get }
    /// The loss summed over a shard's images, given what the attack made of them. Writes what is to be logged to
    /// `passes.figures`.
    func callAsFunction(_ passes: inout ShardPasses, perturbed: Tensor) -> Tensor
}

extension AdversarialLoss {
    public func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        // Before any pass that is recorded, so that the attack's memory and the graph's are not held together.
        let perturbed = passes.shard.images.pool.execution.trace.span(.phase, "inner attack") {
            attack(passes, maximising: goal)
        }
        return self(&passes, perturbed: perturbed)
    }
}

extension ShardPasses {
    /// A pass that is recorded, and says how many perturbed images are classified correctly.
    mutating func outputs(ofPerturbed images: Tensor) -> Outputs {
        let outputs = outputs(of: images)
        figures.add(.perturbedAccuracy, Double(correctPredictions(outputs.logits, shard.labels)))
        return outputs
    }
}
