import Configuration

/// The `train` section.
public struct TrainConfiguration: Configurable {
    /// `skip` leaves the step out, but for the tenth in a row, `abort` ends the run.
    public enum NonFinitePolicy: String, Sendable, CaseIterable { case skip, abort }

    /// How often every image is shown.
    public var epochs = 20
    /// Images of one step, over all ranks.
    public var batch = 64
    /// Images of one logical shard: the unit of BatchNorm's statistics and of the order of summation.
    public var shard = 16
    /// How parameters follow from gradients.
    public var optimizer: any OptimizerConfiguration = SGD()
    /// How the optimiser's `lr` changes over the run.
    public var schedule: any Schedule = MultistepSchedule()
    /// Largest norm of the whole gradient; null: no clipping.
    public var clip: Double?
    /// Decay of the exponential average of the parameters; null: none is kept.
    public var ema: Double?
    /// What to do with a step whose loss or gradient is not finite.
    public var nonFinite = NonFinitePolicy.abort

    public init() {}

    /// Logical shards of a batch: a power of two.
    public var shards: Int { batch / shard }

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epochs", &epochs, in: 1...1_000_000)
        try fields.value("batch", &batch, check: .positive)
        try fields.value("shard", &shard, check: .positive)
        try fields.require(batch % shard == 0, "shard", "\(shard) does not divide the batch of \(batch)")
        let shards = batch / max(1, shard)
        try fields.require(
            shards & (shards - 1) == 0, "shard",
            "\(batch) / \(shard) = \(shards) shards a batch is not a power of two")
        try fields.section("optimizer", kinds: optimizers, &optimizer)
        try fields.section("schedule", kinds: schedules, &schedule)
        try fields.optional("clip", &clip, check: .positive)
        try fields.optional("ema", &ema, check: .from(0, below: 1))
        try fields.value("nonFinite", &nonFinite)
    }
}
