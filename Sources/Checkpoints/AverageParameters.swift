import Formats
import Models

/// The exponential average of the parameters, which a checkpoint may hold besides the last ones.
extension ParameterFiles {
    /// What stands before the names of averaged parameters.
    public static let averagePrefix = "ema."

    /// Whether a checkpoint has averaged parameters.
    public static func hasAverage(_ file: SafetensorsFile) -> Bool {
        file.entries.contains { $0.name.hasPrefix(averagePrefix) }
    }

    /// Fills a model's parameters with what its run evaluates: the average where the file has one. Throws as `load`.
    public static func loadEvaluated(_ state: ModelState, from file: SafetensorsFile) throws {
        try load(state.parameters, of: state, from: file, prefix: hasAverage(file) ? averagePrefix : "")
    }
}
