import Failures

/// When and how a run is saved.
extension TrainingRun {
    /// Writes the numbered checkpoint of this step and removes those that are too old.
    func save(isLast: Bool) throws {
        try write(folder.file(step: state.step), mustSucceed: isLast)
        let settings = configuration.checkpoint
        if isLeader { try folder.prune(keep: settings.keep, every: settings.everySteps) }
    }

    /// A checkpoint that fails (a full disk, say) is reported and the run goes on, unless it must succeed.
    func write(_ path: String, mustSucceed: Bool) throws {
        communicator.heartbeat.beat("checkpoint", step: state.step)
        do { try write(path) } catch let failure as Failure where failure.kind == .inputOutput && !mustSucceed {
            if isLeader { warn("\(failure); the run goes on without this checkpoint") }
        }
    }

    /// Rank 0 writes; every rank learns whether it worked.
    private func write(_ path: String) throws {
        _ = try communicator.leaderDecides {
            try lock.check()
            try TrainingCheckpoint.write(state, to: path, configuration, description: description, data: data)
            return ""
        }
    }
}
