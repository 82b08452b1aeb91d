import Configuration

/// How the alignment weight changes over a run.
public protocol WeightSchedule: Configurable {
    /// A factor of the weight; `epoch` counts from 0 and has a fraction.
    func factor(epoch: Double) -> Double
}

/// Always the same.
struct ConstantWeight: WeightSchedule {
    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {}
    func factor(epoch: Double) -> Double { 1 }
}

/// Rises linearly from 0 to 1.
struct WeightWarmup: WeightSchedule {
    /// The length of the rise.
    var epochs = 5.0
    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epochs", &epochs, check: .positive)
    }
    func factor(epoch: Double) -> Double { min(1, epoch / epochs) }
}

/// A factor until a given epoch, 1 after it: steadies the start of a large weight.
struct WeightStep: WeightSchedule {
    /// Of the weight, before `untilEpoch`.
    var factor = 2.0 / 3
    /// From which epoch on, counted from 0, the weight is whole.
    var untilEpoch = 50.0
    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("factor", &factor, check: .notNegative)
        try fields.value("untilEpoch", &untilEpoch, check: .positive)
    }
    func factor(epoch: Double) -> Double { epoch < untilEpoch ? factor : 1 }
}
