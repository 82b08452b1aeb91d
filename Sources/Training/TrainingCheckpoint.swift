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
        var tensors = ParameterFiles.tensors(state.model.parameters, of: state.model)
        tensors += ParameterFiles.statistics(of: state.model)
        for (name, vector) in state.optimizer.state {
            tensors += ParameterFiles.tensors(vector, of: state.model, prefix: "optimizer.\(name).")
        }
        if let average = state.average {
            tensors += ParameterFiles.tensors(average, of: state.model, prefix: ParameterFiles.averagePrefix)
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
        if let process = configuration.diffusion { metadata["diffusion"] = try Configuration.json(of: process) }
        if let best = state.bestRobustAccuracy { metadata["best_robust_acc"] = String(best) }
        if let best = state.bestError { metadata["best_error"] = String(best) }
        try SafetensorsWriter.write(to: path, metadata: metadata, tensors: tensors, checksum: true)
    }

    /// Continues from a file. Throws `badInput` for a damaged file, and `usage` where it belongs to another run.
    public static func load(
        _ state: TrainingState, from path: String, _ configuration: RunConfiguration, data: TrainingData
    ) throws {
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
        try requireSameTrajectory(path, written, configuration)
        guard file.metadata["data_hash"] == data.train.fingerprint else {
            throw Failure(
                .usage, "\(path): belongs to other training data than \(configuration.data.dataset) holds now")
        }
        try ParameterFiles.load(state.model.parameters, of: state.model, from: file)
        try ParameterFiles.loadStatistics(of: state.model, from: file)
        for (name, vector) in state.optimizer.state {
            try ParameterFiles.load(vector, of: state.model, from: file, prefix: "optimizer.\(name).")
        }
        if let average = state.average {
            try ParameterFiles.load(average, of: state.model, from: file, prefix: ParameterFiles.averagePrefix)
        }
        state.step = step
        state.bestRobustAccuracy = file.metadata["best_robust_acc"].flatMap { Double($0) }
        state.bestError = file.metadata["best_error"].flatMap { Double($0) }
    }

    private static func requireSameTrajectory(
        _ path: String, _ written: RunConfiguration, _ wanted: RunConfiguration
    ) throws {
        let old = try Configuration.text(of: written.trajectory).split(separator: "\n")
        let new = try Configuration.text(of: wanted.trajectory).split(separator: "\n")
        guard old != new else { return }
        let difference = zip(old, new).first { $0 != $1 }
        func line(_ text: Substring?) -> String { (text ?? "").trimmed() }
        throw Failure(
            .usage,
            "\(path): belongs to another configuration (\"\(line(difference?.0))\" there, "
                + "\"\(line(difference?.1))\" here); choose another --run-dir, or --resume none to start anew")
    }
}

extension Substring {
    func trimmed() -> String { String(drop { $0 == " " }) }
}
