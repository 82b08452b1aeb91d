import Configuration

/// How the alignment weight changes over a run.
public protocol WeightSchedule: Configurable {
    /// A factor of the weight; `epoch` counts from 0 and has a fraction.
    func factor(epoch: Double) -> Double
}

/// Always the same.
public struct ConstantWeight: WeightSchedule {
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {}
    public func factor(epoch: Double) -> Double { 1 }
}

/// Rises linearly from 0 to 1.
public struct WeightWarmup: WeightSchedule {
    /// The length of the rise.
    public var epochs = 5.0
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epochs", &epochs, check: .positive)
    }
    public func factor(epoch: Double) -> Double { min(1, epoch / epochs) }
}

/// A factor until a given epoch, 1 after it: steadies the start of a large weight.
public struct WeightStep: WeightSchedule {
    /// Of the weight, before `untilEpoch`.
    public var factor = 2.0 / 3
    /// From which epoch on, counted from 0, the weight is whole.
    public var untilEpoch = 50.0
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("factor", &factor, check: .notNegative)
        try fields.value("untilEpoch", &untilEpoch, check: .positive)
    }
    public func factor(epoch: Double) -> Double { epoch < untilEpoch ? factor : 1 }
}
