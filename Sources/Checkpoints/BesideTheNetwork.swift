import Failures
import Formats

/// What a checkpoint may hold besides the last parameters and the statistics: what the optimiser keeps, and the
/// exponential average of the parameters.
extension ParameterFiles {
    /// What stands before the names of vectors that the optimiser keeps.
    public static let optimizerPrefix = "optimizer."
    /// What stands before the names of averaged parameters.
    public static let averagePrefix = "ema."

    /// Whether a tensor of a checkpoint is none of the network's as it stands.
    static func isBesideTheNetwork(_ name: String) -> Bool {
        name.hasPrefix(optimizerPrefix) || name.hasPrefix(averagePrefix)
    }

    /// Whether a checkpoint has averaged parameters.
    public static func hasAverage(_ file: SafetensorsFile) -> Bool {
        file.entries.contains { $0.name.hasPrefix(averagePrefix) }
    }

    /// What stands before the names of the parameters that a user asks for. Throws `badInput` where averaged ones are
    /// asked for and the file has none.
    public static func prefix(average: Bool, of file: SafetensorsFile) throws -> String {
        guard average else { return "" }
        guard hasAverage(file) else {
            throw Failure.badInput(file.path, "holds no averaged parameters", expected: "a run with train.ema")
        }
        return averagePrefix
    }
}
