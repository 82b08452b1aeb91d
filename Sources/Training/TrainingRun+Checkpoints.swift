import Failures

/// When and how a run is saved.
extension TrainingRun {
    /// A periodic checkpoint that fails (a full disk, say) is reported and the run goes on; the last one must succeed.
    func save(isLast: Bool) throws {
        communicator.heartbeat.beat("checkpoint", step: state.step)
        do {
            try write(folder.file(step: state.step))
            if isLeader { try folder.prune(keep: configuration.checkpoint.keep) }
        } catch let failure as Failure where failure.kind == .inputOutput && !isLast {
            if isLeader { warn("\(failure); the run goes on without this checkpoint") }
        }
    }

    /// Rank 0 writes; every rank learns whether it worked.
    func write(_ path: String) throws {
        var failure: Failure?
        if isLeader {
            do {
                try TrainingCheckpoint.write(state, to: path, configuration, description: description, data: data)
            } catch let caught as Failure { failure = caught }
        }
        let text = try communicator.broadcast(Array((failure?.description ?? "").utf8), from: 0)
        if !text.isEmpty { throw Failure(.inputOutput, String(decoding: text, as: UTF8.self)) }
    }
}
