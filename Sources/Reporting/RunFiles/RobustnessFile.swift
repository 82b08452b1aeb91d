import Failures
import Formats

/// What `eval/robustness.json` tells of a model, with what the folders of several norms beside it add.
struct RobustnessFile: Sendable {
    /// The share of the images that survives all attacks.
    struct Outcome: Sendable {
        let scope: Scope
        let accuracy: Double
    }

    /// Which attacks an outcome is of.
    struct Scope: Hashable, Sendable {
        /// In the order of the norms' names; none where the file does not tell.
        let threats: [Threat]
        /// Whether it is the mean over the threats, not the share that survives all of them.
        let isMean: Bool

        init(_ threats: [Threat], isMean: Bool = false) {
            self.threats = threats.sorted { $0.norm < $1.norm }
            self.isMean = isMean
        }
    }

    struct Check: Sendable {
        let name: String
        /// Of the attacks that were checked, where there are several.
        let norm: String?
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
    /// One, or those of several norms in the order of the file.
    let threats: [Threat]
    /// Parts of cascades among them.
    let attacks: [AttackResult]
    /// Those of each threat, then of all together and on average.
    let outcomes: [Outcome]
    let checks: [Check]
    let curve: [CurvePoint]
    /// What a reader must know.
    let notes: [String]
    /// Of the noise that the network adds to its images, if it does.
    let inputNoise: Double?
    /// The precision of the products that attacks searched on; nil where it is float32, in which all is judged.
    let search: String?

    private static let mostNorms = 16
    /// Of attacks, of checks, of notes, of points of a curve.
    private static let mostEntries = 1_000

    /// Reads `robustness.json` of a folder and, where it is of several norms, those of the folders in it that have the
    /// norms' names.
    ///
    /// Throws `Failure.badInput` naming the file and the member that is wrong.
    init(folder: String) throws {
        let path = "\(folder)/robustness.json"
        let fields = try JSONFields(FileContents.json(path), place: path)
        let norms = try Self.norms(fields)
        let parts = try norms.compactMap { norm in
            try RunDirectory.ifPresent("\(folder)/\(norm.threat.norm)/robustness.json") { path in
                try RobustnessFile(JSONFields(FileContents.json(path), place: path), of: norm.threat)
            }
        }
        try self.init(fields, norms, parts)
    }

    /// One of several norms.
    private init(_ fields: JSONFields, of threat: Threat) throws {
        try self.init(fields, [], [])
        guard threats == [threat] else {
            throw Failure.badInput(
                fields.place, "threat is \(threats.first?.text ?? "missing")",
                expected: "\(threat.text) as in the file of all norms")
        }
    }

    private init(_ fields: JSONFields, _ norms: [(threat: Threat, accuracy: Double?)], _ parts: [RobustnessFile]) throws
    {
        model = try fields.string("model")
        dataset = try fields.string("dataset")
        samples = try fields.count("samples")
        seed = Self.plain(fields["seed"])
        ranks = try fields.count("ranks")
        cleanAccuracy = Self.finite(try fields.fraction("clean_acc"))
        inputNoise = try fields.deviation("input_noise") ?? parts.first?.inputNoise
        let search = try fields.string("search").map { $0 == "float32" ? nil : $0 } ?? parts.first?.search
        self.search = search
        let threat = try fields["threat"].flatMap { value -> Threat? in
            value.isNull
                ? nil : try Self.threat(JSONFields(value, place: "\(fields.place): threat"), default: nil)
        }
        threats = norms.isEmpty ? threat.map { [$0] } ?? [] : norms.map(\.threat)
        let together = Self.finite(try fields.fraction("robust_acc"))
        let average = Self.finite(try fields.fraction("average_acc"))
        var outcomes = norms.map { (Scope([$0.threat]), $0.accuracy) }
        outcomes.append((Scope(threats), together))
        if !norms.isEmpty {
            outcomes.append((Scope(threats, isMean: true), average))
            let known = norms.compactMap(\.accuracy)
            try fields.require(
                "average_acc", average,
                toBe: known.count == norms.count ? known.reduce(0, +) / Double(known.count) : nil)
        }
        self.outcomes = outcomes.compactMap { scope, accuracy in accuracy.map { Outcome(scope: scope, accuracy: $0) } }
        attacks = try fields.objects("attacks", limit: Self.mostEntries).map { entry in
            let own = try Self.threat(entry, default: threat)
            return AttackResult(
                kind: AttackResult.Kind(
                    name: try entry.requiredString("name"), threat: own, steps: try entry.count("steps"),
                    restarts: try entry.count("restarts"), search: search, cascade: try entry.string("cascade")),
                robustAccuracy: Self.finite(try entry.fraction("robust_acc")), seconds: try entry.number("seconds"),
                curve: try Self.curve(entry, of: own))
        }
        checks = try fields.objects("checks", limit: Self.mostEntries).map { entry in
            Check(
                name: try entry.requiredString("name"), norm: try entry.string("norm"),
                isOK: try entry.bool("ok") ?? false, value: Self.plain(entry["value"]) ?? "")
        }
        curve = try Self.curve(fields, of: threat) + parts.flatMap(\.curve)
        notes = try fields.strings("notes", limit: Self.mostEntries)
    }

    /// Accuracy under all attacks; nil where it is not known.
    func accuracy(_ scope: Scope) -> Double? { outcomes.first { $0.scope == scope }?.accuracy }

    /// Attacks on all images that an outcome rests on. Parts of cascades are none.
    func attacks(_ scope: Scope) -> [AttackResult] {
        attacks.filter { attack in
            attack.kind.cascade == nil
                && (threats.count <= 1 || attack.kind.threat.map { scope.threats.contains($0) } ?? true)
        }
    }

    private static func norms(_ fields: JSONFields) throws -> [(threat: Threat, accuracy: Double?)] {
        let norms = try fields.objects("threats", limit: mostNorms).map {
            entry -> (threat: Threat, accuracy: Double?) in
            guard let threat = try threat(entry, default: nil) else { throw entry.missing("norm or epsilon") }
            // It is the name of a folder, too.
            guard threat.norm.utf8.allSatisfy({ UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || 48...57 ~= $0 }),
                (1...16).contains(threat.norm.utf8.count)
            else {
                throw entry.wrong("norm", expected: "one such as linf")
            }
            return (threat, finite(try entry.fraction("robust_acc")))
        }
        guard Set(norms.map(\.threat.norm)).count == norms.count else {
            throw Failure.badInput(fields.place, "threats has a norm twice", expected: "each once")
        }
        return norms
    }

    private static func curve(_ fields: JSONFields, of threat: Threat?) throws -> [CurvePoint] {
        try fields.objects("curve", limit: mostEntries).compactMap { entry in
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
