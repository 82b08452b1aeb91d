import Autodiff
import Configuration
import Data
import Diffusion
import Figures
import Models

/// A loss of a classifier's logits, of which any can carry the alignment term. A new one is one file and one line in
/// `objectives`.
public protocol ClassificationLoss: ObjectiveConfiguration {
    /// What it says, without the alignment term.
    var figures: [StepFigure] { get }
    /// The loss summed over a shard's images, to be differentiated by the parameters. Writes its figures to
    /// `passes.figures`.
    func callAsFunction(_ passes: inout ShardPasses) -> Tensor
}

extension ClassificationLoss {
    public var task: Task { .classifier }
    public var standardArchitecture: any Architecture { ResNet() }
    public var standardMonitorEpochs: Int { 1 }
    public var standardAlignmentWeight: Double? { 0 }
    public var diffusion: DiffusionProcess? { nil }

    public func trains(_ architecture: any Architecture) -> Bool { !architecture.predictsNoise }

    /// The data set's constants.
    public func standardNormalisation(_ splits: DatasetSplits) -> ModelConfiguration.Normalize {
        .init(mean: splits.mean, std: splits.deviation)
    }

    public var best: BestRule {
        BestRule(figure: .heldOutRobustAccuracy, isHigherBetter: true, key: "best_robust_acc")
    }

    public func monitors(_ context: HeldOutContext) -> [any HeldOutMonitor] {
        let robustness = context.robustness.map { RobustnessMonitor($0, context) as any HeldOutMonitor }
        return [robustness, AlignmentMonitor(context)].compactMap(\.self)
    }
}

extension StepFigure {
    static let crossEntropy = StepFigure(.crossEntropy)
    static let accuracy = StepFigure(.accuracy, progress: .percent(label: "accuracy", decimals: 1))
    static let perturbedAccuracy = StepFigure(.perturbedAccuracy)
    static let regularisation = StepFigure(.regularisation)
}
