import Checkpoints
import Configuration
import Failures
import Formats
import Training

/// One command of a study.
public struct StudyStep: Sendable, Equatable {
    enum Work: Sendable, Equatable {
        case train
        case computeTargets
        case evaluate(String)
        case measureAlignment(String)
    }

    /// What people call it: `vanilla-seed1 train`, `vanilla-seed1 l2`.
    public let name: String
    /// What follows `pag`, but for the checkpoint of an evaluation, whose name is known once it is there.
    let arguments: [String]
    let work: Work
    /// The run directory.
    let directory: String
    /// The run directories of the preparations whose files it reads.
    var needs: [String] = []

    /// Whether what the command makes is there, whole. Throws what is wrong with the row's configuration.
    func isDone() throws -> Bool {
        switch work {
        case .train:
            // The page is the last that a training writes; a longer training than it was for begins again.
            guard exists("\(directory)/report.html") else { return false }
            return try epochsDone() >= configuration().train.epochs
        case .computeTargets: return exists("\(directory)/targets.safetensors")
        case .evaluate(let evaluation): return exists("\(directory)/\(evaluation)/robustness.json")
        case .measureAlignment(let name): return exists(Self.alignmentFile(name, directory))
        }
    }

    /// What follows `pag`.
    public func command() throws -> [String] {
        guard case .evaluate = work else { return arguments }
        guard let newest = try newestCheckpoint() else { throw Failure.badInput(directory, "has no checkpoint") }
        return ["evaluate", newest] + arguments
    }

    /// What `pag alignment` writes for a run.
    static func alignmentFile(_ name: String, _ directory: String) -> String { "\(directory)/\(name).alignment.json" }

    func newestCheckpoint() throws -> String? {
        try CheckpointFolder(path: "\(directory)/checkpoints").numbered().first?.path
    }

    /// What is trained.
    func configuration() throws -> RunConfiguration {
        let overrides = zip(arguments, arguments.dropFirst()).compactMap { $0 == "--set" ? $1 : nil }
        return try Configuration.read(file: arguments[1], overrides: overrides)
    }

    private func epochsDone() throws -> Int {
        guard let newest = try newestCheckpoint() else { return 0 }
        let file = try SafetensorsFile(path: newest)
        return file.metadata["epoch"].flatMap { Int($0) } ?? 0
    }
}
