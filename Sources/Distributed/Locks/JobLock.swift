import Failures

/// The right of one job to write into a folder or a file, as long as this object lives: rank 0 holds it for all.
public final class JobLock {
    private var file: LockFile?

    /// Takes the lock whose file is at `path`. Collective; throws the same on every rank.
    ///
    /// - Parameters:
    ///   - place: what the user calls what is locked.
    ///   - task: who locks it, "a training".
    ///   - advice: what to do where another job has it, "choose another --run-dir".
    ///   - waiting: called once, on rank 0, where an owner on another machine has to be watched for a while.
    /// - Throws: `missing` where another job has it; `inputOutput` where the file cannot be made.
    public init(
        path: String, of place: String, task: String, advice: String, over communicator: any Communicator,
        times: LockTimes = LockTimes(), waiting: (String) -> Void = { _ in }
    ) throws {
        var attempt = LockAttempt(path: path, task: task, times: times)
        var isWaiting = false
        while file == nil {
            let isTaken = try communicator.leaderDecides {
                do { file = try attempt.step() } catch let failure as Failure where failure.kind == .missing {
                    throw Failure(.missing, "\(place): \(failure); \(advice)")
                }
                return file == nil ? "" : "taken"
            }
            communicator.heartbeat.beat()
            if !isTaken.isEmpty { break }
            guard communicator.rank == 0, !isWaiting, let suspect = attempt.suspect else { continue }
            isWaiting = true
            waiting(
                "\(place): \(suspect.description) may have used it last: waiting \(Int(times.silence)) s for a sign of "
                    + "life of it")
        }
    }

    /// Shows other machines that this job lives. Before it, the folder may be moved.
    public func keep() throws { try file?.startBeating() }

    /// Throws `missing` where another job has taken the lock, as it may after this one was suspended.
    public func check() throws { try file?.check() }

    /// Gives the lock up.
    /// - Parameter path: where its file is by now, if it was moved.
    public func release(movedTo path: String? = nil) {
        file?.release(movedTo: path)
        file = nil
    }

    deinit { release() }
}
