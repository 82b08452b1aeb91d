import Failures
import Formats

/// The exponential average of the parameters, which a checkpoint may hold besides the last ones.
extension ParameterFiles {
    /// What stands before the names of averaged parameters.
    public static let averagePrefix = "ema."

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
