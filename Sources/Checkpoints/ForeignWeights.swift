import Autodiff
import Failures
import Formats
import Models

/// The weights of a network as another program saved them: under PyTorch's names, behind any common prefix, with
/// torchvision's names for the classifier and the shortcuts, and in any floating-point type.
public struct ForeignWeights {
    /// What the network subtracts and divides by, where the file says it.
    public let normalisation: ModelConfiguration.Normalize?
    /// What a person should know of how the file was read.
    public let remarks: [String]
    private let file: SafetensorsFile
    private let names: TensorNames

    /// Every tensor of the file is used and every one of the network is found; otherwise throws `badInput` naming them.
    /// - Parameters:
    ///   - ignoresExtra: leave out tensors that the network does not have.
    ///   - allowsMissing: leave the network's numbers as they are where the file has none.
    public init(
        _ file: SafetensorsFile, for model: Model, ignoresExtra: Bool = false, allowsMissing: Bool = false
    ) throws {
        var names = TensorNames(file, of: model), remarks: [String] = []
        // A checkpoint of pag's own has more, which is no weights.
        if file.metadata["format_version"] != nil {
            names.removeExtra { ParameterFiles.isBesideTheNetwork($0.name) }
        }
        let buffers = try Self.buffers(&names, file, channels: model.input[-1])
        normalisation = try ParameterFiles.normalisation(of: file) ?? buffers?.normalize
        if let buffers {
            remarks.append("images are normalised by \(buffers.names)")
            guard normalisation?.agrees(with: buffers.normalize) == true else {
                throw Failure.badInput(file.path, "normalize says something else than \(buffers.names)")
            }
        }
        try Self.refuse(names, file, ignoresExtra: ignoresExtra, allowsMissing: allowsMissing)
        if !names.extra.isEmpty {
            remarks.append("left out: \(TensorNames.list(names.extra.map(\.name)))")
        }
        if !names.missing.isEmpty { remarks.append("not in the file: \(TensorNames.list(names.missing))") }
        for type in [ElementType.float16, .bfloat16, .float64] where type != ParameterFiles.elementType {
            let count = names.inFile.values.count { file.entry($0)?.elementType == type }
            if count > 0 {
                remarks.append(
                    "\(count) tensors are converted from \(type.rawValue) to \(ParameterFiles.elementType.rawValue)")
            }
        }
        self.file = file
        self.names = names
        self.remarks = remarks
        try ParameterFiles.check(model, in: file) { names.inFile[$0] }
    }

    /// Fills a vector of parameters.
    public func load(_ vector: Storage, of state: ModelState) throws {
        try ParameterFiles.load(vector, of: state, from: file) { names.inFile[$0] }
    }

    /// Fills the running statistics. Throws `badInput` for what is no finite number or of another shape.
    public func loadStatistics(of state: ModelState) throws {
        try ParameterFiles.loadStatistics(of: state, from: file) { names.inFile[$0] }
    }

    private static func refuse(
        _ names: TensorNames, _ file: SafetensorsFile, ignoresExtra: Bool, allowsMissing: Bool
    ) throws {
        guard !names.inFile.isEmpty else {
            throw Failure.badInput(
                file.path, "holds none of the network's tensors, but \(TensorNames.list(names.extra.map(\.name)))",
                expected: TensorNames.list(names.missing))
        }
        var problems: [String] = [], ways: [String] = []
        if !names.missing.isEmpty, !allowsMissing {
            problems.append("lacks \(names.missing.count) of the network's tensors: \(TensorNames.list(names.missing))")
            ways.append("--allow-missing leaves those at their start values")
        }
        if !names.extra.isEmpty, !ignoresExtra {
            problems.append(
                "holds \(names.extra.count) tensors that the network does not have: "
                    + TensorNames.list(names.extra.map(\.name)))
            ways.append("--ignore-extra leaves these out")
        }
        guard !problems.isEmpty else { return }
        throw Failure.badInput(
            file.path, problems.joined(separator: "; "),
            expected: "the weights of the network that the configuration describes; " + ways.joined(separator: ", "))
    }

    /// Mean and deviation that wrappers around a network keep beside its weights.
    private static func buffers(
        _ names: inout TensorNames, _ file: SafetensorsFile, channels: Int
    ) throws -> (normalize: ModelConfiguration.Normalize, names: String)? {
        var rest = names
        guard let mean = rest.takeExtra(called: ["mean", "mu", "new_mean"], count: channels),
            let deviation = rest.takeExtra(called: ["std", "sigma", "new_std"], count: channels)
        else { return nil }
        names = rest
        let normalize = ModelConfiguration.Normalize(
            mean: try file.values(of: mean.name), std: try file.values(of: deviation.name))
        try ParameterFiles.validate(normalize, "\(file.path): \(mean.name) and \(deviation.name)")
        return (normalize, "\(mean.name) and \(deviation.name)")
    }
}

extension ModelConfiguration.Normalize {
    /// Equal but for what is lost in 32 bits.
    fileprivate func agrees(with other: Self) -> Bool {
        mean.count == other.mean.count
            && zip(mean + std, other.mean + other.std).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($0)) }
    }
}

extension ParameterFiles {
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
        try validate(normalize, "\(file.path): normalize")
        return normalize
    }

    fileprivate static func validate(_ normalize: ModelConfiguration.Normalize, _ place: String) throws {
        guard normalize.mean.count == normalize.std.count, normalize.std.allSatisfy({ $0 > 0 && $0.isFinite }),
            normalize.mean.allSatisfy(\.isFinite)
        else { throw Failure.badInput(place, "has deviations that are not positive") }
    }

    /// SHA-256 over the bytes of the model's parameters and statistics in file order, without those of the optimiser:
    /// equal exactly where the networks are.
    /// - Parameter withAverage: those of the average too, for a use that depends on them.
    public static func parameterHash(of file: SafetensorsFile, withAverage: Bool = false) throws -> String {
        var hash = SHA256()
        for entry in file.entries where !entry.name.hasPrefix(optimizerPrefix) {
            guard withAverage || !entry.name.hasPrefix(averagePrefix) else { continue }
            file.withBytes(of: entry) { hash.update($0) }
        }
        return hash.hexDigest()
    }
}
