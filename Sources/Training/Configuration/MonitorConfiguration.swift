import Configuration
import Perturbations

/// The `monitor` section: how held-out images are looked at.
public struct MonitorConfiguration: Configurable {
    /// Epochs between two evaluations on held-out images; 0: never.
    public var everyEpochs = 1
    /// Of classifiers; a denoiser is watched by its error, and has no monitor unless it is told to.
    public var attack = "pgd"
    /// Of the attack's ball.
    public var norm = ThreatModel.Norm.l2
    /// Its radius.
    public var epsilon = PixelDistance(0.5)
    /// Of the attack, where it has steps, and of the one under which cosines are measured.
    public var steps = 7
    /// Held-out images that are looked at; null: all, at most 1,000.
    public var samples: Int?
    /// Held-out images on which the cosines between input and target gradients are measured; 0: none; null: all, at
    /// most 100.
    public var alignmentSamples: Int?

    public init() {}

    /// How many of so many held-out images are looked at.
    public func samples(of heldOut: Int) -> Int { min(samples ?? 1000, heldOut) }
    func alignmentSamples(of heldOut: Int) -> Int { min(alignmentSamples ?? 100, heldOut) }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("everyEpochs", &everyEpochs, check: .notNegative)
        try fields.value("attack", &attack, check: .notEmpty)
        try fields.value("norm", &norm)
        try fields.value("epsilon", &epsilon, check: .positive)
        try fields.value("steps", &steps, in: 1...10_000)
        try fields.optional("samples", &samples, check: .positive)
        try fields.optional("alignmentSamples", &alignmentSamples, check: .notNegative)
    }
}
