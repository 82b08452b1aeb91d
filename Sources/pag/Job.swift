import Distributed
import Failures
import Glibc

/// Runs `body` on every rank of the job and ends all of them if it fails on one.
func withJob(watchdog seconds: Double = Watchdog.defaultSeconds, _ body: (any Communicator) throws -> Void) throws {
    let communicator = try joinJob()
    do {
        let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: seconds)
        try body(communicator)
        watchdog.stop()
        try communicator.leave()
    } catch let failure as Failure where failure.kind == .stoppedOnRequest || failure.kind == .checkFailed {
        // Every rank has come to the same end by itself.
        if communicator.rank == 0 { writeError("pag: \(failure)") }
        try communicator.leave()
        exit(failure.kind.exitCode)
    } catch let failure as Failure {
        endJob(failure, communicator: communicator)
    } catch {
        endJob(Failure(.internalError, "\(error)"), communicator: communicator)
    }
}
