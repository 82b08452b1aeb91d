import Failures
import Formats

/// What `eval/robustness.json` tells of a model.
struct RobustnessFile: Sendable {
    /// The set within which an attack may move an image.
    struct Threat: Hashable, Sendable {
        let norm: String
        let epsilon: Double

        var text: String { "\(NumberText.norm(norm)) \(NumberText.epsilon(epsilon))" }
    }

    /// What makes two attacks the same attack.
    struct AttackKind: Hashable, Sendable {
        let name: String
        let threat: Threat?
        let steps: Int?
        let restarts: Int?

        /// The budget and what the attack spent, such as `L2 0.5` and `20 steps`.
        var details: [String] {
            var parts = threat.map { [$0.text] } ?? []
            if let steps, steps > 1 { parts.append("\(steps) steps") }
            if let restarts, restarts > 1 { parts.append("\(restarts) restarts") }
            return parts
        }
    }

    struct Attack: Sendable {
        let kind: AttackKind
        let robustAccuracy: Double?
        let seconds: Double?
        /// Accuracy over the radius, of an attack that measures distances; else empty.
        let curve: [CurvePoint]
    }

    struct Check: Sendable {
        let name: String
        let isOK: Bool
        let value: String
    }

    struct CurvePoint: Sendable {
        let threat: Threat
        let robustAccuracy: Double
    }

    let model: String?
    let dataset: String?
    let samples: Int?
    let seed: String?
    let ranks: Int?
    let cleanAccuracy: Double?
    let threat: Threat?
    let attacks: [Attack]
    /// The share of the images that survives every attack.
    let robustAccuracy: Double?
    let checks: [Check]
    let curve: [CurvePoint]
    /// Of the noise that the network adds to its images, if it does.
    let inputNoise: Double?

    /// Throws `Failure.badInput` naming the file and the member that is wrong.
    init(path: String) throws {
        let fields = try JSONFields(FileContents.json(path), place: path)
        model = try fields.string("model")
        dataset = try fields.string("dataset")
        samples = try fields.count("samples")
        seed = Self.plain(fields["seed"])
        ranks = try fields.count("ranks")
        cleanAccuracy = Self.finite(try fields.fraction("clean_acc"))
        robustAccuracy = Self.finite(try fields.fraction("robust_acc"))
        let threat = try fields["threat"].flatMap { value -> Threat? in
            value.isNull ? nil : try Self.threat(JSONFields(value, place: "\(path): threat"), default: nil)
        }
        self.threat = threat
        attacks = try fields.objects("attacks", limit: 64).map { entry in
            let own = try Self.threat(entry, default: threat)
            return Attack(
                kind: AttackKind(
                    name: try entry.requiredString("name"), threat: own, steps: try entry.count("steps"),
                    restarts: try entry.count("restarts")),
                robustAccuracy: Self.finite(try entry.fraction("robust_acc")), seconds: try entry.number("seconds"),
                curve: try Self.curve(entry, of: own))
        }
        checks = try fields.objects("checks", limit: 1_000).map { entry in
            Check(
                name: try entry.requiredString("name"), isOK: try entry.bool("ok") ?? false,
                value: Self.plain(entry["value"]) ?? "")
        }
        curve = try Self.curve(fields, of: threat)
        inputNoise = try fields.deviation("input_noise")
    }

    private static func curve(_ fields: JSONFields, of threat: Threat?) throws -> [CurvePoint] {
        try fields.objects("curve", limit: 1_000).compactMap { entry in
            guard let threat = try self.threat(entry, default: threat),
                let accuracy = finite(try entry.fraction("robust_acc"))
            else { return nil }
            return CurvePoint(threat: threat, robustAccuracy: accuracy)
        }
    }

    private static func threat(_ fields: JSONFields, default outer: Threat?) throws -> Threat? {
        let epsilon = finite(try fields.number("epsilon")) ?? outer?.epsilon
        guard let norm = try fields.string("norm") ?? outer?.norm, let epsilon else { return nil }
        guard epsilon >= 0 else {
            throw Failure.badInput(fields.place, "epsilon is \(epsilon)", expected: "a number of at least 0")
        }
        return Threat(norm: norm, epsilon: epsilon)
    }

    private static func finite(_ value: Double?) -> Double? {
        value.flatMap { $0.isFinite ? $0 : nil }
    }

    private static func plain(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let value): String(value)
        case .number(let value): NumberText.short(value)
        case .none, .null: nil
        case let value?: value.text()
        }
    }
}
