import Autodiff
import Kernels
import Layers
import Models

/// L = base(x, y), averaged over the batch, and the alignment term where the run has one and the shard has targets.
public struct ClassificationObjective: Objective {
    /// The loss of the logits.
    public var base: any ClassificationLoss
    /// Nil in a run that is not aligned.
    public var alignment: AlignmentTerm?
    /// How the term is computed.
    public var method: any AlignmentMethod

    public init(
        _ base: any ClassificationLoss, with alignment: AlignmentTerm? = nil,
        by method: any AlignmentMethod = ExactGradients()
    ) {
        self.base = base
        self.alignment = alignment
        self.method = method
    }

    public var figures: [StepFigure] { base.figures + (alignment == nil ? [] : AlignmentTerm.figures) }
    public var commitsStatistics: Bool { alignment?.statistics != .eval }

    public func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]? = nil, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> ShardResult {
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var passes = ShardPasses(
            shard, state, parameters: parameters, commitsStatistics ? .training : .inference)
        let baseLoss = base(&passes)
        // All parts of the term need the clean pass, which the base need not have seen.
        if alignment != nil, shard.targets != nil { _ = passes.clean() }
        let perImage = 1 / Scalar(batch)

        var result = ShardResult(
            loss: baseLoss.item * perImage, figures: passes.figures, seen: passes.seenOnAverage,
            logits: passes.cleanLogits)
        if let alignment, let targets = shard.targets {
            try method.addGradients(
                of: alignment, and: baseLoss * perImage, passes, targets: targets, perImage: perImage, to: &result,
                receive)
        } else {
            try deliverGradients(of: baseLoss * perImage, with: parameters, releasing: true, to: receive)
        }
        return result
    }
}

extension ClassificationLoss {
    public func objective(with alignment: AlignmentTerm?, by method: any AlignmentMethod) -> any Objective {
        ClassificationObjective(self, with: alignment, by: method)
    }
}
