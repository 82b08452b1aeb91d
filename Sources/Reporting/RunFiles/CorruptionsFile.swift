import Failures
import Formats

/// What `eval/corruptions.json` tells of a model.
struct CorruptionsFile: Sendable {
    struct Corruption: Sendable {
        let name: String
        /// From severity 1 on; nil for what is not finite.
        let accuracies: [Double?]
        let meanError: Double?
        /// Of the images at all severities.
        let fingerprint: String?
    }

    let dataset: String?
    /// `builtin`, or a folder.
    let source: String?
    /// Images of each severity.
    let samples: Int?
    /// Images behind the clean accuracy.
    let cleanSamples: Int?
    let cleanAccuracy: Double?
    /// At least one.
    let corruptions: [Corruption]
    /// Over all corruptions.
    let meanError: Double?
    /// Over those of `benchmark`; nil where one of them is missing.
    let benchmarkError: Double?
    /// Of the noise that the network adds to its images, if it does.
    let inputNoise: Double?

    /// The corruptions that the benchmark's error is the mean over (Hendrycks and Dietterich 2019).
    static let benchmark = [
        "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur",
        "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
    ]

    /// More severities than the five that there are.
    private static let mostSeverities = 16

    /// Throws `Failure.badInput` naming the file and the member that is wrong or contradicts another.
    init(path: String) throws {
        let fields = try JSONFields(FileContents.json(path), place: path)
        dataset = try fields.string("dataset")
        source = try fields.string("source")
        samples = try fields.count("samples")
        cleanSamples = try fields.count("clean_samples") ?? samples
        cleanAccuracy = Self.finite(try fields.fraction("clean_acc"))
        meanError = Self.finite(try fields.fraction("mean_corruption_error"))
        benchmarkError = Self.finite(try fields.fraction("mean_corruption_error_of_15"))
        inputNoise = try fields.deviation("input_noise")
        corruptions = try fields.objects("corruptions", limit: 256).map { entry in
            guard let values = entry["accuracies"]?.arrayValue, values.count <= Self.mostSeverities else {
                throw entry.wrong("accuracies", expected: "a list of numbers from 0 to 1, one a severity")
            }
            let corruption = Corruption(
                name: try entry.requiredString("name"),
                accuracies: try values.map { value in
                    Self.finite(
                        try JSONFields(["accuracies": value], place: entry.place).fraction("accuracies"))
                },
                meanError: Self.finite(try entry.fraction("mean_error")),
                fingerprint: try entry.string("fingerprint"))
            try entry.require("mean_error", corruption.meanError, toBe: Self.error([corruption]))
            return corruption
        }
        guard !corruptions.isEmpty else { throw fields.missing("corruptions") }
        let names = Set(corruptions.map(\.name))
        guard names.count == corruptions.count else {
            throw Failure.badInput(path, "a corruption is there twice", expected: "each once")
        }
        try fields.require("mean_corruption_error", meanError, toBe: Self.error(corruptions))
        let missing = Self.benchmark.filter { !names.contains($0) }
        guard benchmarkError == nil || missing.isEmpty else {
            throw Failure.badInput(
                path, "mean_corruption_error_of_15 without \(missing.joined(separator: ", "))", expected: "null")
        }
        try fields.require(
            "mean_corruption_error_of_15", benchmarkError,
            toBe: Self.error(corruptions.filter { Self.benchmark.contains($0.name) }))
    }

    /// The mean over corruptions and severities; nil where a severity has no accuracy.
    private static func error(_ corruptions: [Corruption]) -> Double? {
        let accuracies = corruptions.flatMap(\.accuracies), known = accuracies.compactMap { $0 }
        guard !known.isEmpty, known.count == accuracies.count else { return nil }
        return 1 - known.reduce(0, +) / Double(known.count)
    }

    private static func finite(_ value: Double?) -> Double? {
        value.flatMap { $0.isFinite ? $0 : nil }
    }
}
