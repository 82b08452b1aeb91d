import Autodiff
import Configuration

/// A loss of a classifier's logits, of which any can carry the alignment term. A new one is one file and one line in
/// `objectives`.
public protocol ClassificationLoss: ObjectiveConfiguration {
    /// The loss summed over a shard's images, to be differentiated by the parameters. Writes what is to be logged to
    /// `passes.parts`.
    func callAsFunction(_ passes: inout ShardPasses) -> Tensor
}

extension ClassificationLoss {
    public var standardAlignmentWeight: Double? { 0 }

    /// This loss, and the alignment term where the run has one.
    public func objective(of run: RunConfiguration, at epoch: Double) -> any Objective {
        guard let alignment = run.loss.activeAlignment else {
            return AlignmentObjective(weight: 0, gradient: .logprob, statistics: .perClass, base: self)
        }
        return AlignmentObjective(
            weight: (alignment.weight ?? 0) * alignment.schedule.factor(epoch: epoch), gradient: alignment.gradient,
            statistics: alignment.statistics, classChunk: run.compute.classChunk, imageChunk: run.compute.imageChunk,
            memory: run.compute.memory << 20, base: self)
    }
}
