import Data
import Formats

/// How a classifier fares on corrupted images.
public struct CorruptionResult: Sendable {
    /// Images that are classified correctly, of how many.
    public struct Count: Sendable, Equatable {
        public let correct: Int
        /// Those without a prediction, as a logit is not finite. They count as misclassified.
        public let undefined: Int
        public let of: Int

        public var accuracy: Double { Double(correct) / Double(of) }

        /// The share of all counts' images that are not, in one division.
        fileprivate static func error(_ counts: [Count]) -> Double {
            let all = counts.reduce(0) { $0 + $1.of }
            return Double(all - counts.reduce(0) { $0 + $1.correct }) / Double(all)
        }
    }

    /// A corruption at its severities.
    public struct Corruption: Sendable {
        public let name: String
        /// From severity 1 on.
        public let severities: [Count]
        /// SHA-256 over the fingerprints of the severities' images.
        public let fingerprint: String

        /// The mean over the severities.
        public var error: Double { Count.error(severities) }
    }

    /// The data set's name.
    public let dataset: String
    /// Of the images without corruption.
    public let fingerprint: String
    /// Where the corrupted images come from: `builtin`, or a folder.
    public let source: String
    /// Of random numbers; nil where there are none.
    public let seed: UInt64?
    /// Of the noise that the network adds to its images, if it does.
    public let noise: Double?
    /// Images of each severity.
    public let samples: Int
    public let clean: Count
    /// At least one.
    public let corruptions: [Corruption]
    /// What makes the images without corruption useless to measure on, each as a sentence.
    let oddities: [String]

    /// The mean over all corruptions, each severity alike. Not divided by another network's error, as is the custom on
    /// CIFAR-10-C.
    public var meanError: Double { Count.error(corruptions.flatMap(\.severities)) }

    /// The same over the benchmark's fifteen corruptions; nil where one of them is missing.
    public var benchmarkError: Double? {
        guard missing.isEmpty else { return nil }
        let found = corruptions.filter { CorruptionBenchmark.corruptions.contains($0.name) }
        return Count.error(found.flatMap(\.severities))
    }

    /// Those of the benchmark's fifteen that there are no images of.
    public var missing: [String] {
        CorruptionBenchmark.corruptions.filter { name in !corruptions.contains { $0.name == name } }
    }

    /// What a reader must know before any figure.
    public var notes: [String] {
        func undefined(_ counts: [Count], _ things: String) -> [String] {
            let found = counts.reduce(0) { $0 + $1.undefined }, all = counts.reduce(0) { $0 + $1.of }
            guard found > 0 else { return [] }
            return ["\(found) of \(all) \(things) have logits that are not finite, and count as misclassified"]
        }
        return undefined([clean], "images")
            + undefined(corruptions.flatMap(\.severities), "corrupted images") + oddities
    }

    /// The name of what `write` writes.
    public static let file = "corruptions.json"

    /// The contents of `corruptions.json`: no times, and nothing of the ranks.
    /// - Parameters:
    ///   - model: what the user calls the model.
    ///   - identity: what tells its files from others.
    public func json(model: String, identity: String) -> JSONValue {
        var json: JSONValue = [
            "version": JSONValue(ProgramVersion.text),
            "model": JSONValue(model),
            "identity": JSONValue(identity),
            "dataset": JSONValue(dataset),
            "fingerprint": JSONValue(fingerprint),
            "source": JSONValue(source),
            "seed": seed.map { Int64(exactly: $0).map { .integer($0) } ?? .string("\($0)") } ?? .null,
            "samples": JSONValue(samples),
            "clean_samples": JSONValue(clean.of),
            "clean_acc": JSONValue(clean.accuracy),
            "clean_undefined": JSONValue(clean.undefined),
            "corruptions": .array(
                corruptions.map {
                    [
                        "name": JSONValue($0.name),
                        "accuracies": JSONValue($0.severities.map(\.accuracy)),
                        "undefined": JSONValue($0.severities.map(\.undefined)),
                        "mean_error": JSONValue($0.error),
                        "fingerprint": JSONValue($0.fingerprint),
                    ]
                }),
            "mean_corruption_error": JSONValue(meanError),
            "mean_corruption_error_of_15": JSONValue(benchmarkError),
            "missing_of_15": JSONValue(missing),
            "normalised": false,
            "notes": JSONValue(notes),
        ]
        if let noise { json["input_noise"] = JSONValue(noise) }
        return json
    }

    /// Writes `corruptions.json` into a directory, which is created if need be. For rank 0. Throws `inputOutput`.
    public func write(to directory: String, model: String, identity: String) throws {
        try createDirectory(directory)
        try AtomicFile.write(
            json(model: model, identity: identity).text(pretty: true) + "\n", to: "\(directory)/\(Self.file)")
    }
}
