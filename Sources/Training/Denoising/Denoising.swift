import Autodiff
import Configuration
import Data
import Diffusion
import Figures
import Models

/// The kind of `loss` that trains a denoiser: the squared error of its prediction at a random noise level, the label
/// now and then replaced by the empty class, so that one network knows p(x_t | y) and p(x_t) (Ho and Salimans 2022).
public struct Denoising: ObjectiveConfiguration {
    /// Noise levels, and what the network predicts.
    public var process = DiffusionProcess()
    /// The probability that an image's label is dropped.
    public var labelDropping = 0.1

    public let title = "denoising"
    public let task = Task.denoiser
    public var standardArchitecture: any Architecture { UNet() }
    /// A monitor takes images away from those that are trained on, so it is there for who wants it.
    public let standardMonitorEpochs = 0
    public var standardAlignmentWeight: Double? { nil }
    public var diffusion: DiffusionProcess? { process }
    public var best: BestRule { BestRule(figure: .heldOutError, isHigherBetter: false, key: "best_error") }

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try process.visit(&fields)
        try fields.value("labelDropping", &labelDropping, in: 0...1)
    }

    public func trains(_ architecture: any Architecture) -> Bool { architecture.predictsNoise }

    /// [0, 1] becomes [-1, 1], as the noise has to cover the data.
    public func standardNormalisation(_ splits: DatasetSplits) -> ModelConfiguration.Normalize {
        let half = Array(repeating: 0.5, count: splits.mean.count)
        return .init(mean: half, std: half)
    }

    public func objective(with alignment: AlignmentTerm?, by method: any AlignmentMethod) -> any Objective {
        DenoisingObjective(error: error)
    }

    public func monitors(_ context: HeldOutContext) -> [any HeldOutMonitor] {
        [DenoisingMonitor(error, context)]
    }

    private var error: DenoisingError { DenoisingError(process: process, labelDropping: labelDropping) }
}
