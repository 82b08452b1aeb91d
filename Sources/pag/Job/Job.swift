import Distributed
import Failures
import Glibc
import Kernels

/// Runs `body` on every rank of the job and ends all of them if it fails on one.
func withJob(watchdog seconds: Double = Watchdog.defaultSeconds, _ body: (any Communicator) throws -> Void) throws {
    guard BLAS.takeMemory() else {
        throw Failure(
            .missing,
            "out of memory: the system refuses the \(BLAS.workingBytes >> 20) MB that OpenBLAS works in "
                + "(ulimit -v, or the job's limit)")
    }
    let heartbeat = Heartbeat()
    let watchdog = try Watchdog(heartbeat, rank: launchedRank(), seconds: seconds)
    let communicator = try joinJob(heartbeat: heartbeat)
    if let tasks = idleTasks() {
        writeError(
            "pag: one process in a Slurm job of \(tasks) tasks: srun --mpi=pmix or launch/slurm.sbatch starts all")
    }
    // What every rank has come to by itself: one says it, and all leave.
    func leave(because failure: Failure) throws -> Never {
        if communicator.rank == 0 { writeError("pag: \(failure)") }
        try communicator.leave()
        exit(failure.kind.exitCode)
    }
    do {
        try body(communicator)
        try communicator.leave()
        watchdog.stop()
    } catch let common as CommonFailure {
        try leave(because: common.failure)
    } catch let failure as Failure where failure.kind == .stoppedOnRequest || failure.kind == .checkFailed {
        try leave(because: failure)
    } catch let failure as Failure {
        endJob(failure, communicator: communicator)
    } catch {
        endJob(Failure(.internalError, "\(error)"), communicator: communicator)
    }
}

/// The tasks of a Slurm allocation in which this process was started without any launcher; nil elsewhere.
private func idleTasks() -> Int? {
    let launchers = ["SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]
    guard !launchers.contains(where: { getenv($0) != nil }),
        let text = getenv("SLURM_NTASKS"), let tasks = Int(String(cString: text)), tasks > 1
    else { return nil }
    return tasks
}
