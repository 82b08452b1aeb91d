import Configuration

/// The `checkpoint` section.
public struct CheckpointConfiguration: Configurable {
    /// Steps between two checkpoints; 0: only at the end and on request.
    public var everySteps = 500
    /// Numbered checkpoints that are kept; the best one is kept besides. One that was written on request goes with the
    /// next.
    public var keep = 3

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("everySteps", &everySteps, check: .notNegative)
        try fields.value("keep", &keep, in: 1...1000)
    }
}
