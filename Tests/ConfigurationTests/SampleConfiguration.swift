import Configuration

/// A configuration with every type of field.
struct Sample: Configurable, Equatable {
    var task = Task.classifier
    var seed: UInt64 = 1
    var name = "sample"
    var limit: Int?
    var model = ModelSection()
    var alignment = Alignment()
    var train = Train()

    enum Task: String, CaseIterable { case classifier, denoiser }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("task", &task)
        try fields.value("seed", &seed)
        try fields.value("name", &name)
        try fields.optional("limit", &limit, check: .positive)
        try fields.section("model", &model)
        try fields.section("alignment", &alignment)
        try fields.section("train", &train)
    }
}

protocol Model: Configurable {
    func isEqual(to other: any Model) -> Bool
}

extension Model where Self: Equatable {
    func isEqual(to other: any Model) -> Bool { other as? Self == self }
}

struct Residual: Model, Equatable {
    var widths = [16, 32, 64]
    var dropout = 0.0
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("widths", &widths, count: 1...4, check: .positive)
        try fields.value("dropout", &dropout, check: .from(0, below: 1))
    }
}

struct Transformer: Model, Equatable {
    var depth = 6
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("depth", &depth, check: .atLeast(1))
    }
}

struct ModelSection: Configurable, Equatable {
    var model: any Model = Residual()
    var activation = Activation.relu

    enum Activation: String, CaseIterable { case relu, softplus }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind(
            "kind", &model,
            [
                Kind("resnet", Residual.self) { $0 },
                Kind("vit", Transformer.self) { $0 },
            ])
        try fields.value("activation", &activation)
    }

    static func == (a: ModelSection, b: ModelSection) -> Bool {
        a.model.isEqual(to: b.model) && a.activation == b.activation
    }
}

struct Alignment: Configurable, Equatable {
    var weight = 1.0
    var classes = ClassCount.all
    var norms = [Norm.l2]

    enum Norm: String, CaseIterable { case l2, linf }

    enum ClassCount: ConfigScalar, Equatable {
        case all
        case some(Int)

        init(configScalar: ScalarText) throws(ScalarMismatch) {
            if configScalar.text == "all" {
                self = .all
            } else if let count = Int(configScalar.text), count > 0 {
                self = .some(count)
            } else {
                throw ScalarMismatch("is not a positive integer or all")
            }
        }

        var configScalar: ScalarText {
            switch self {
            case .all: ScalarText("all", isQuoted: true)
            case .some(let count): count.configScalar
            }
        }
    }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("weight", &weight, check: .notNegative)
        try fields.value("classesPerImage", &classes)
        try fields.value("norms", &norms, count: 1...Int.max)
    }
}

struct Train: Configurable, Equatable {
    var epochs = 20
    var batch = 64
    var shard = 16
    var milestones = [0.5, 0.75]
    var nesterov = false
    var tags: [String]?
    var average: Average? = Average()
    var schedule = ScheduleSection()

    struct Average: Configurable, Equatable {
        var decay = 0.999
        mutating func visit(_ fields: inout FieldVisitor) throws { try fields.value("decay", &decay, in: 0...1) }
    }

    enum Schedule: Equatable {
        case constant(Constant)
        case step(Step)
    }

    struct Constant: Configurable, Equatable {
        mutating func visit(_ fields: inout FieldVisitor) throws {}
    }

    struct Step: Configurable, Equatable {
        var factor = 0.1
        mutating func visit(_ fields: inout FieldVisitor) throws { try fields.value("factor", &factor) }
    }

    struct ScheduleSection: Configurable, Equatable {
        var schedule = Schedule.constant(Constant())

        mutating func visit(_ fields: inout FieldVisitor) throws {
            try fields.kind(
                "kind", &schedule,
                [
                    Kind("constant", Constant.self, wrap: Schedule.constant) {
                        if case .constant(let content) = $0 { content } else { nil }
                    },
                    Kind("step", Step.self, wrap: Schedule.step) {
                        if case .step(let content) = $0 { content } else { nil }
                    },
                ])
        }
    }

    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("epochs", &epochs, in: 0...100_000)
        try fields.value("batch", &batch, check: .positive)
        try fields.value("shard", &shard, check: .powerOfTwo)
        try fields.value("milestones", &milestones, check: .within(0...1))
        try fields.value("nesterov", &nesterov)
        try fields.optional("tags", &tags, check: .notEmpty)
        try fields.optional("average", &average)
        try fields.section("schedule", &schedule)
        try fields.require(batch % shard == 0, "batch", "\(batch) is not a multiple of the shard size \(shard)")
    }
}

/// Every field differs from its default.
let sampleText = """
    task: denoiser
    seed: 18446744073709551615
    name: "a \\"name\\""
    limit: 1000
    model: {kind: vit, depth: 12, activation: softplus}
    alignment:
      weight: 1e-4
      classesPerImage: 3   # or all
      norms: [linf, l2]
    train:
      epochs: 7
      batch: 96
      shard: 32
      milestones:
        - 0.1
        - .25
        - 1
      nesterov: true
      tags: [a, "1", "null"]
      average: null
      schedule:
        kind: step
        factor: 0.30000000000000004

    """
