import Checkpoints
import Distributed
import Failures
import Formats

/// Where a run starts from.
public enum Resume: Sendable, Equatable {
    /// The newest intact checkpoint of the run directory, or the start.
    case auto
    case none
    case file(String)

    /// Rank 0 decides what to resume from, and tells the others; all load the same file. Collective.
    /// - Returns: the checkpoint, empty for none, and what the user should know.
    func load(
        _ state: TrainingState, from folder: CheckpointFolder, _ configuration: RunConfiguration, _ data: TrainingData,
        _ communicator: any Communicator
    ) throws -> (path: String, notices: [String]) {
        var notices: [String] = []
        var chosen = ""
        func load(_ path: String) throws {
            let notice = try TrainingCheckpoint.load(state, from: path, configuration, data: data)
            notices += [notice].compactMap(\.self)
        }
        if communicator.rank == 0 {
            try createDirectory(folder.path)
            _ = try AtomicFile.removeTemporaries(in: folder.path)
            switch self {
            case .none: break
            case .file(let path):
                try load(path)
                chosen = path
            case .auto:
                for candidate in try folder.numbered() {
                    do {
                        try load(candidate.path)
                        chosen = candidate.path
                        break
                    } catch let failure as Failure where failure.kind == .badInput {
                        notices.append("damaged checkpoint passed over: \(failure)")
                    }
                }
            }
        }
        chosen = String(decoding: try communicator.broadcast(Array(chosen.utf8), from: 0), as: UTF8.self)
        if !chosen.isEmpty {
            if communicator.rank != 0 { try load(chosen) }
            notices.append("resumed from \(chosen) at step \(state.step)")
        }
        return (chosen, notices)
    }
}
