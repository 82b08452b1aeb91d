import Figures

/// weight * sum over classes t of (1 - cos(grad_x z_t(x), g(x, t))), averaged over the batch, with z the logits or
/// their log-softmax (Ganz, Kawar, Elad 2023). With k of C classes an image the sum is scaled by C / k.
public struct AlignmentTerm: Sendable {
    /// Lambda.
    public var weight: Double
    /// Of which function of the logits.
    public var gradient: GradientOf
    /// What BatchNorm's statistics are in the input gradient.
    public var statistics: StatisticsMode
    /// Classes whose gradients are differentiated at one time; nil for as many as `memory` allows and is fastest.
    public var classChunk: Int?
    /// Images of the shard, likewise; all, where statistics couple them.
    public var imageChunk: Int?
    /// Bytes for the graphs of the input gradients of one shard.
    public var memory: Int

    public init(
        weight: Double, gradient: GradientOf, statistics: StatisticsMode, classChunk: Int? = nil,
        imageChunk: Int? = nil, memory: Int = 1 << 30
    ) {
        self.weight = weight
        self.gradient = gradient
        self.statistics = statistics
        self.classChunk = classChunk
        self.imageChunk = imageChunk
        self.memory = memory
    }

    /// What it says of a shard.
    static let figures = [
        StepFigure(.alignment), StepFigure(.cosine, progress: .number(label: "cosine", decimals: 3)),
        StepFigure(.inputGradientNorm),
        StepFigure(
            .zeroGradients,
            alarm: StepFigure.Alarm(event: "collapse", threshold: 0.5, isRepeated: true) {
                "collapse: \(rounded(100 * $0, 0)) % of the input gradients are zero, so the alignment term no longer "
                    + "teaches; lower loss.alignment.weight or the learning rate, or take a smooth activation"
            }),
        StepFigure(
            .emptyTargets,
            alarm: StepFigure.Alarm(event: "empty-targets", threshold: 0.5, isRepeated: false) {
                "\(rounded(100 * $0, 0)) % of the target gradients are zero or beyond all numbers, and teach nothing; "
                    + "see loss.alignment.targets and the images"
            }),
    ]
}
