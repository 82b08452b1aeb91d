import Configuration
import Glibc

/// How the learning rate changes over a run. A new schedule is one type and one line in `schedules`.
public protocol Schedule: Configurable {
    /// Epochs of linear rise from 0 at the start.
    var warmup: Double { get }
    /// Over how many epochs it goes, nil: over all of the run. After them the last rate stays.
    var epochs: Int? { get set }
    /// A factor of the learning rate. `progress` is the part of the run that is over, in 0 ..< 1; `epochs` its length.
    func factor(progress: Double, epochs: Int) -> Double
}

extension Schedule {
    /// The learning rate of a step, `step` of `steps` over `epochs` epochs.
    public func rate(_ base: Double, step: Int, of steps: Int, epochs: Int) -> Double {
        let length = self.epochs ?? epochs
        let own = length == epochs ? steps : steps / max(1, epochs) * length
        let progress = Double(min(step, max(0, own - 1))) / Double(max(1, own))
        let warm = warmup > 0 ? min(1, (Double(step) + 1) / (Double(steps) * warmup / Double(epochs))) : 1
        return base * warm * factor(progress: progress, epochs: length)
    }
}

/// Multiplied by `factor` at each milestone: a part of the run up to 1, an epoch above.
struct MultistepSchedule: Schedule {
    /// Where it drops.
    var milestones = [0.5, 0.75]
    /// By what.
    var factor = 0.1
    var warmup = 0.0
    var epochs: Int?

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("milestones", &milestones, check: .positive)
        try fields.value("factor", &factor, check: .positive)
        try fields.value("warmup", &warmup, check: .notNegative)
        try fields.optional("epochs", &epochs, check: .positive)
    }
    func factor(progress: Double, epochs: Int) -> Double {
        milestones.reduce(1) { progress >= ($1 <= 1 ? $1 : $1 / Double(epochs)) ? $0 * factor : $0 }
    }
}

/// Half a cosine from 1 down to `final` (Loshchilov and Hutter 2017).
struct CosineSchedule: Schedule {
    /// The factor at the end.
    var final = 0.0
    var warmup = 0.0
    var epochs: Int?

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("final", &final, in: 0...1)
        try fields.value("warmup", &warmup, check: .notNegative)
        try fields.optional("epochs", &epochs, check: .positive)
    }
    func factor(progress: Double, epochs: Int) -> Double { final + (1 - final) * (1 + cos(.pi * progress)) / 2 }
}

/// Linear from `start` up to 1 at `peak` of the run, then linear down to `final` (Smith and Topin 2019).
struct OneCycleSchedule: Schedule {
    /// The part of the run that it rises.
    var peak = 0.3
    /// The factor at the start.
    var start = 0.04
    /// The factor at the end.
    var final = 0.0
    var warmup: Double { 0 }
    var epochs: Int?

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("peak", &peak, in: 0.001...0.999)
        try fields.value("start", &start, in: 0...1)
        try fields.value("final", &final, in: 0...1)
        try fields.optional("epochs", &epochs, check: .positive)
    }
    func factor(progress: Double, epochs: Int) -> Double {
        progress < peak
            ? start + (1 - start) * progress / peak
            : 1 + (final - 1) * (progress - peak) / (1 - peak)
    }
}

/// Always the whole rate.
struct ConstantSchedule: Schedule {
    var warmup = 0.0
    /// It goes on for ever.
    var epochs: Int? {
        get { nil }
        set {}
    }

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("warmup", &warmup, check: .notNegative)
    }
    func factor(progress: Double, epochs: Int) -> Double { 1 }
}
