import Configuration
import Targets

/// The `loss` section: a kind with its own fields, and the alignment term that most kinds can carry.
public struct LossConfiguration: Configurable {
    public var objective: any ObjectiveConfiguration = AlignedGradients()
    public var alignment = AlignmentConfiguration()

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind("kind", &objective, objectives)
        try fields.section("alignment", &alignment)
    }

    /// The alignment term of this run, with its weight, if it has one.
    public var activeAlignment: AlignmentConfiguration? {
        guard let standard = objective.standardAlignmentWeight else { return nil }
        var alignment = alignment
        let weight = alignment.weight ?? standard
        alignment.weight = weight
        return standard > 0 || weight > 0 ? alignment : nil
    }

    /// This section with nothing left open.
    var resolved: LossConfiguration {
        var copy = self
        copy.alignment.weight = alignment.weight ?? objective.standardAlignmentWeight ?? 0
        return copy
    }

    /// "cross-entropy and alignment"
    var title: String { objective.title + (activeAlignment == nil ? "" : " and alignment") }

    /// What `kind` can be.
    public static var kinds: [String] { objectives.map(\.name) }
}

public struct AlignmentConfiguration: Configurable {
    /// null: 1 for the kind `pag`, 0, which is no such term, for the others. `vanilla` has none whatever this says.
    public var weight: Double?
    public var schedule: any WeightSchedule = ConstantWeight()
    public var gradient = GradientOf.logprob
    public var classesPerImage = ClassCount.all
    public var statistics = StatisticsMode.frozen
    public var targets: any TargetConfiguration = NearestNeighbour()

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.optional("weight", &weight, check: .notNegative)
        try fields.section("schedule", kinds: weightSchedules, &schedule)
        try fields.value("gradient", &gradient)
        try fields.value("classesPerImage", &classesPerImage)
        try fields.value("statistics", &statistics)
        try fields.require(
            statistics != .repeated || classesPerImage == .all, "statistics",
            "repeated statistics need classesPerImage: all, as every image must carry the same classes")
        try fields.section("targets", kinds: TargetRegistry.kinds, &targets)
    }
}

/// `all`, or how many target classes are drawn for each image.
public enum ClassCount: ConfigScalar, Equatable {
    case all
    case drawn(Int)

    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        if configScalar.text == "all" {
            self = .all
            return
        }
        guard let count = Int(configScalar.text), count > 0 else {
            throw ScalarMismatch("is neither \"all\" nor a positive number")
        }
        self = .drawn(count)
    }
    public var configScalar: ScalarText {
        switch self {
        case .all: ScalarText("all", isQuoted: true)
        case .drawn(let count): ScalarText("\(count)", isQuoted: false)
        }
    }

    var perImage: TargetLoader.ClassesPerImage {
        switch self {
        case .all: .all
        case .drawn(let count): .drawn(count)
        }
    }
}

/// How the alignment weight changes over a run.
public protocol WeightSchedule: Configurable {
    /// A factor of the weight; `epoch` counts from 0 and has a fraction.
    func factor(epoch: Double) -> Double
}

public struct ConstantWeight: WeightSchedule {
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {}
    public func factor(epoch: Double) -> Double { 1 }
}

/// Rises linearly from 0 to 1.
public struct WeightWarmup: WeightSchedule {
    public var epochs = 5.0
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epochs", &epochs, check: .positive)
    }
    public func factor(epoch: Double) -> Double { min(1, epoch / epochs) }
}

/// A factor until a given epoch, 1 after it: steadies the start of a large weight.
public struct WeightStep: WeightSchedule {
    public var factor = 2.0 / 3
    public var untilEpoch = 50.0
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("factor", &factor, check: .notNegative)
        try fields.value("untilEpoch", &untilEpoch, check: .positive)
    }
    public func factor(epoch: Double) -> Double { epoch < untilEpoch ? factor : 1 }
}

private let weightSchedules: [Kind<any WeightSchedule>] = [
    Kind("constant", ConstantWeight.self) { $0 },
    Kind("warmup", WeightWarmup.self) { $0 },
    Kind("step", WeightStep.self) { $0 },
]
