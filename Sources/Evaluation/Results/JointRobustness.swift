import Formats
import Perturbations

/// What evaluations of one model under several threats found together: an attacker may choose among the threats.
public struct JointRobustness: Sendable {
    /// Of the same model, images and attacks, at least one.
    public let results: [RobustnessResult]

    public init(_ results: [RobustnessResult]) {
        precondition(
            !results.isEmpty && results.allSatisfy { $0.labels == results[0].labels },
            "JointRobustness: \(results.map(\.samples)) images")
        self.results = results
    }

    /// Correct, and survived every attack under every threat; one flag a sample.
    public var survived: [Bool] {
        results.dropFirst().reduce(results[0].survived) { left, result in zip(left, result.survived).map { $0 && $1 } }
    }
    /// The share of images that withstand the union of the threats.
    public var unionAccuracy: Double { shareOfTrue(survived) }
    /// The mean of the accuracies under each threat.
    public var averageAccuracy: Double {
        results.reduce(0) { $0 + $1.robustAccuracy } / Double(results.count)
    }

    /// What a reader must know, once where it is the same under several threats.
    private var notes: [String] {
        results.flatMap(\.notes).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The contents of `robustness.json` in the folder that holds one for each threat. `robust_acc` is the union's.
    public func json(model: String) -> JSONValue {
        let parts = results.map { $0.json(model: model) }
        /// The entries of all threats, each with its norm.
        func joined(_ key: String) -> JSONValue {
            .array(
                zip(results, parts).flatMap { result, part in
                    (part[key]?.arrayValue ?? []).map { entry in
                        var entry = entry
                        entry["norm"] = JSONValue(result.threat.norm.rawValue)
                        return entry
                    }
                })
        }
        let kept = ["version", "model", "dataset", "samples", "seed", "ranks", "clean_acc"].map { key in
            JSONValue.Member(key, parts[0][key] ?? .null)
        }
        // The same under all threats, where there is something to say.
        let common = ["order", "search", "input_noise"].compactMap { key in
            parts[0][key].map { JSONValue.Member(key, $0) }
        }
        return .object(
            kept + common + [
                .init("threat", .null),
                .init(
                    "threats",
                    .array(
                        results.map {
                            var threat = $0.threat.json
                            threat["robust_acc"] = JSONValue($0.robustAccuracy)
                            return threat
                        })),
                .init("robust_acc", JSONValue(unionAccuracy)),
                .init("average_acc", JSONValue(averageAccuracy)),
                .init("attacks", joined("attacks")),
                .init("checks", joined("checks")),
                .init("notes", JSONValue(notes)),
            ])
    }

    /// Writes `robustness.json` into a directory. For rank 0. Throws `inputOutput`.
    public func write(to directory: String, model: String) throws {
        try AtomicFile.write(json(model: model).text(pretty: true) + "\n", to: "\(directory)/robustness.json")
    }
}
