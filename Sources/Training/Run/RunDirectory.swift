import Distributed
import Failures
import Formats
import Glibc
import Logging

/// The folder of a run, which belongs to one job at a time.
struct RunDirectory {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Makes the folder this job's own. Where a run is to start anew an earlier one is moved aside; returns its new
    /// name. Collective. Throws `usage` where a configuration of somebody else's would be replaced.
    func take(
        for resume: Resume, _ communicator: any Communicator, _ logger: Logger
    ) throws -> (lock: JobLock, earlier: String?) {
        var lock = try take(communicator, logger), earlier = ""
        if resume == .none {
            earlier = try communicator.leaderDecides { try setAside() ?? "" }
            if !earlier.isEmpty {
                lock.release(movedTo: earlier + "/lock")
                lock = try take(communicator, logger)
            }
        }
        try lock.keep()
        return (lock, earlier.isEmpty ? nil : earlier)
    }

    private func take(_ communicator: any Communicator, _ logger: Logger) throws -> JobLock {
        _ = try communicator.leaderDecides {
            try createDirectory(path)
            try requireNoOtherConfiguration()
            return ""
        }
        return try JobLock(
            path: path + "/lock", of: path, task: "a training", advice: "choose another --run-dir", over: communicator,
            waiting: { logger.notice("\($0)") })
    }

    /// Throws `usage` where the run's configuration would replace one that somebody else put there.
    private func requireNoOtherConfiguration() throws {
        let configuration = path + "/config.yaml"
        guard exists(configuration), !hasRun else { return }
        throw Failure(
            .usage,
            "\(configuration): is there already, but no run that it would be of, and the run's own would replace "
                + "it; choose another --run-dir")
    }

    /// Moves an existing run out of the way, so that starting anew loses nothing: `DIR` becomes `DIR.1`, `DIR.2`, ...
    /// Returns its new name, nil where there was none.
    private func setAside() throws -> String? {
        guard hasRun else { return nil }
        var number = 1
        while exists("\(path).\(number)") { number += 1 }
        guard rename(path, "\(path).\(number)") == 0 else {
            throw Failure.inputOutput(path, "move the earlier run aside", code: errno)
        }
        return "\(path).\(number)"
    }

    private var hasRun: Bool { exists(path + "/metrics.jsonl") || exists(path + "/checkpoints") }
}
