import Configuration
import Targets

/// The `loss.alignment` section: the term that aligns input gradients with targets.
public struct AlignmentConfiguration: Configurable {
    /// null: 1 for the kind `pag`, 0, which is no such term, for the others. `vanilla` has none whatever this says.
    public var weight: Double?
    /// How the weight changes over the run.
    public var schedule: any WeightSchedule = ConstantWeight()
    /// Of which function of the logits.
    public var gradient = GradientOf.logprob
    /// Target classes of an image in a step.
    public var classesPerImage = ClassCount.all
    /// What BatchNorm's statistics are in the input gradient.
    public var statistics = StatisticsMode.frozen
    /// How the term is computed.
    public var method: any AlignmentMethod = ExactGradients()
    /// Where target gradients come from.
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
        try fields.kind("method", &method, alignmentMethods)
        let problem = method.problem(with: statistics)
        try fields.require(problem == nil, "method", problem ?? "")
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

    /// Nil for all of them.
    var count: Int? { if case .drawn(let count) = self { count } else { nil } }

    var perImage: TargetLoader.ClassesPerImage {
        switch self {
        case .all: .all
        case .drawn(let count): .drawn(count)
        }
    }
}
