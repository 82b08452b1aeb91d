import Autodiff
import Configuration

/// Cross-entropy alone. Its alignment section is kept but not used, so that the twin of an aligned run is one override
/// away.
struct Vanilla: ClassificationLoss {
    let title = "cross-entropy alone"
    var standardAlignmentWeight: Double? { nil }
    var figures: [StepFigure] { [.crossEntropy, .accuracy] }

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {}

    func callAsFunction(_ passes: inout ShardPasses) -> Tensor { crossEntropy(&passes) }
}

/// Cross-entropy with the alignment term (Ganz, Kawar, Elad 2023).
public struct AlignedGradients: ClassificationLoss {
    public let title = "cross-entropy"
    public var standardAlignmentWeight: Double? { 1 }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy] }

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {}

    public func callAsFunction(_ passes: inout ShardPasses) -> Tensor { crossEntropy(&passes) }
}

private func crossEntropy(_ passes: inout ShardPasses) -> Tensor {
    let clean = passes.clean()
    let loss = passes.crossEntropy(clean)
    passes.figures.add(.crossEntropy, Double(loss.item))
    passes.figures.add(.accuracy, Double(correctPredictions(clean.logits, passes.shard.labels)))
    return loss
}
