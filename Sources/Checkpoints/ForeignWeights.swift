import Failures
import Formats
import Models

/// What weight files of other programs need besides the tensors.
extension ParameterFiles {
    /// What stands before the parameters' names in a file of another program: wrappers such as DataParallel leave
    /// `module.`, robustness libraries `model.`. Throws `badInput` naming the parameter that is nowhere.
    public static func prefix(in file: SafetensorsFile, of state: ModelState) throws -> String {
        guard let first = state.model.parameters.first?.name else { return "" }
        for prefix in ["", "module.", "model.", "module.model.", "model.module."]
        where file.entry(prefix + first) != nil {
            return prefix
        }
        throw Failure.badInput(file.path, "no tensor \(first), also not behind module. or model.")
    }

    /// The `normalize` metadata that `pag export` writes, or nil.
    public static func normalisation(of file: SafetensorsFile) throws -> ModelConfiguration.Normalize? {
        guard let text = file.metadata["normalize"] else { return nil }
        let value = try JSONValue.parse(text, source: "\(file.path): normalize")
        func numbers(_ key: String) throws -> [Double] {
            guard let values = value[key]?.arrayValue?.map(\.doubleValue), !values.contains(nil) else {
                throw Failure.badInput(file.path, "normalize has no list \"\(key)\"")
            }
            return values.compactMap(\.self)
        }
        let normalize = ModelConfiguration.Normalize(mean: try numbers("mean"), std: try numbers("std"))
        guard normalize.mean.count == normalize.std.count, normalize.std.allSatisfy({ $0 > 0 && $0.isFinite }),
            normalize.mean.allSatisfy(\.isFinite)
        else { throw Failure.badInput(file.path, "normalize has deviations that are not positive") }
        return normalize
    }

    /// SHA-256 over the bytes of the model's parameters and statistics in file order, without those of the optimiser:
    /// equal exactly where the networks are.
    /// - Parameter withAverage: those of the average too, for a use that depends on them.
    public static func parameterHash(of file: SafetensorsFile, withAverage: Bool = false) throws -> String {
        var hash = SHA256()
        for entry in file.entries where !entry.name.hasPrefix("optimizer.") {
            guard withAverage || !entry.name.hasPrefix(averagePrefix) else { continue }
            file.withBytes(of: entry) { hash.update($0) }
        }
        return hash.hexDigest()
    }
}
