import Autodiff
import Checkpoints
import Configuration
import Data
import Failures
import Formats
import Kernels
import Models

/// A training state as a file: whole or absent, checked by content, readable on any number of ranks.
public enum TrainingCheckpoint {
    static let formatVersion = "pag-checkpoint-1"

    /// Throws `inputOutput` when the system refuses; whatever stood at `path` is still there then.
    public static func write(
        _ state: TrainingState, to path: String, _ configuration: RunConfiguration, description: ModelDescription,
        data: TrainingData
    ) throws {
        var tensors = ParameterFiles.tensors(state.network.parameters, of: state.network)
        tensors += ParameterFiles.statistics(of: state.network)
        for (name, vector) in state.optimizer.state {
            let prefix = ParameterFiles.optimizerPrefix + "\(name)."
            tensors += ParameterFiles.tensors(vector, of: state.network, prefix: prefix)
        }
        if let average = state.average {
            tensors += ParameterFiles.tensors(average, of: state.network, prefix: ParameterFiles.averagePrefix)
        }
        var metadata = try description.metadata()
        metadata["format_version"] = formatVersion
        metadata["pag_version"] = ProgramVersion.text
        metadata["config"] = try Configuration.text(of: configuration)
        metadata["step"] = String(state.step)
        metadata["epoch"] = String(state.step / data.stepsPerEpoch(batch: configuration.train.batch))
        metadata["seed"] = String(configuration.seed)
        metadata["dataset"] = configuration.data.dataset
        metadata["data_hash"] = data.train.fingerprint
        if let process = configuration.loss.kind.diffusion {
            metadata["diffusion"] = try Configuration.json(of: process)
        }
        metadata["held_out_hash"] = data.validation.fingerprint
        metadata["targets_sha256"] = state.targetsHash
        metadata["from"] = state.origin?.path
        metadata["from_sha256"] = state.origin?.hash
        if let best = state.best { metadata[configuration.loss.kind.best.key] = String(best) }
        try SafetensorsWriter.write(to: path, metadata: metadata, tensors: tensors, checksum: true)
    }

    /// Continues from a file. Throws `badInput` for a damaged file, and `usage` where it belongs to another run.
    /// Returns what the user should know.
    public static func load(
        _ state: TrainingState, from path: String, _ configuration: RunConfiguration, data: TrainingData
    ) throws -> String? {
        let file = try SafetensorsFile(path: path)
        guard file.metadata["format_version"] == formatVersion else {
            throw Failure.badInput(
                path, "format version \((file.metadata["format_version"] ?? "").quoted)", expected: formatVersion)
        }
        guard try file.verifyChecksum() else { throw Failure.badInput(path, "no checksum") }
        guard let text = file.metadata["config"], let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0
        else {
            throw Failure.badInput(path, "metadata lacks config or step")
        }
        let written = try Configuration.read(RunConfiguration.self, text: text, source: "\(path): config")
        let origin = file.metadata["from_sha256"].map {
            TrainingState.Origin(path: file.metadata["from"] ?? "", hash: $0)
        }
        if let wanted = state.origin, wanted.hash != origin?.hash {
            throw Failure(
                .usage, "\(path): belongs to a run that did not start from \(wanted.path); choose another --run-dir")
        }
        try requireSameTrajectory(path, written, configuration)
        try requireSameData(path, file, written, configuration, data)
        let stepsPerEpoch = data.stepsPerEpoch(batch: configuration.train.batch)
        let steps = stepsPerEpoch * written.train.epochs
        guard step <= steps else { throw Failure.badInput(path, "step \(step) of a run of \(steps) steps") }
        let notice = try LearningRates(configuration.train, stepsPerEpoch: stepsPerEpoch).requireContinuation(
            of: LearningRates(written.train, stepsPerEpoch: stepsPerEpoch), at: step, path)
        try ParameterFiles.load(state.network.parameters, of: state.network, from: file)
        try ParameterFiles.loadStatistics(of: state.network, from: file)
        for (name, vector) in state.optimizer.state {
            let prefix = ParameterFiles.optimizerPrefix + "\(name)."
            try ParameterFiles.load(vector, of: state.network, from: file, prefix: prefix)
        }
        if let average = state.average {
            try ParameterFiles.load(average, of: state.network, from: file, prefix: ParameterFiles.averagePrefix)
        }
        try ParameterFiles.requireSound(state.network, of: path)
        state.step = step
        state.origin = origin
        state.targetsHash = file.metadata["targets_sha256"]
        // What was best on other images says nothing here.
        guard file.metadata["held_out_hash"] ?? data.validation.fingerprint == data.validation.fingerprint else {
            return notice
        }
        // Nothing would be better than what is no number.
        state.best = file.metadata[configuration.loss.kind.best.key].flatMap { Double($0) }
            .flatMap { $0.isFinite ? $0 : nil }
        return notice
    }

    private static func requireSameTrajectory(
        _ path: String, _ written: RunConfiguration, _ wanted: RunConfiguration
    ) throws {
        guard let difference = try difference(written.trajectory, wanted.trajectory) else { return }
        throw Failure(.usage, "\(path): belongs to another configuration (\(difference)); \(advice)")
    }

    /// The images count, not what their folder is called.
    private static func requireSameData(
        _ path: String, _ file: SafetensorsFile, _ written: RunConfiguration, _ wanted: RunConfiguration,
        _ data: TrainingData
    ) throws {
        guard file.metadata["data_hash"] != data.train.fingerprint else { return }
        var (old, new) = (written.data, wanted.data)
        (old.dataset, new.dataset) = ("", "")
        let difference = try difference(old, new).map { " (\($0))" } ?? ""
        throw Failure(
            .usage,
            "\(path): belongs to other training data than \(wanted.data.dataset) holds now\(difference); \(advice)")
    }

    /// What a user can do with another configuration, or other data.
    private static let advice =
        "choose another --run-dir, with --from for these weights, or --resume none to start anew, "
        + "which keeps the earlier run under another name"

    /// The first field that differs.
    private static func difference(_ written: some Configurable, _ wanted: some Configurable) throws -> String? {
        let old = try Configuration.canonicalText(of: written).split(separator: "\n")
        let new = try Configuration.canonicalText(of: wanted).split(separator: "\n")
        guard old != new else { return nil }
        let lines = zip(old, new).first { $0 != $1 }
        return "\"\((lines?.0 ?? "").trimmed())\" there, \"\((lines?.1 ?? "").trimmed())\" here"
    }
}

extension Substring {
    func trimmed() -> String { String(drop { $0 == " " }) }
}
