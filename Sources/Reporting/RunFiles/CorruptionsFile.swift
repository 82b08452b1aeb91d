import Failures
import Formats

/// What `eval/corruptions.json` tells of a model.
struct CorruptionsFile: Sendable {
    struct Corruption: Sendable {
        let name: String
        /// From severity 1 on; nil for what is not finite.
        let accuracies: [Double?]
        let meanError: Double?
    }

    let dataset: String?
    /// `builtin`, or a folder.
    let source: String?
    /// Images of each severity.
    let samples: Int?
    let cleanAccuracy: Double?
    let corruptions: [Corruption]
    let meanError: Double?

    /// More severities than the five that there are.
    private static let mostSeverities = 16

    /// Throws `Failure.badInput` naming the file and the member that is wrong.
    init(path: String) throws {
        let fields = try JSONFields(FileContents.json(path), place: path)
        dataset = try fields.string("dataset")
        source = try fields.string("source")
        samples = try fields.count("samples")
        cleanAccuracy = Self.finite(try fields.fraction("clean_acc"))
        meanError = Self.finite(try fields.fraction("mean_corruption_error"))
        corruptions = try fields.objects("corruptions", limit: 256).map { entry in
            guard let values = entry["accuracies"]?.arrayValue, values.count <= Self.mostSeverities else {
                throw entry.wrong("accuracies", expected: "a list of numbers from 0 to 1, one a severity")
            }
            return Corruption(
                name: try entry.requiredString("name"),
                accuracies: try values.map { value in
                    Self.finite(
                        try JSONFields(["accuracies": value], place: entry.place).fraction("accuracies"))
                },
                meanError: Self.finite(try entry.fraction("mean_error")))
        }
    }

    private static func finite(_ value: Double?) -> Double? {
        value.flatMap { $0.isFinite ? $0 : nil }
    }
}
