import Failures
import Glibc

/// The communicator of this process: MPI if a launcher started it, else a job of one rank. To be called once, before
/// any other thread is started, and after the arguments have been understood: joining takes a while.
public func joinJob() throws -> any Communicator {
    guard let claimed = launchedRanks() else { return SingleProcess() }
    let communicator = try MPICommunicator()
    guard communicator.size == claimed || claimed == 0 else {
        throw Failure(
            .missing, "the launcher started \(claimed) processes, but MPI knows \(communicator.size): "
                + "use the mpirun of \(MPICommunicator.libraryVersion), or srun --mpi=pmix")
    }
    return communicator
}

/// The number of processes that a launcher says it started, 0 if it does not say, nil without a launcher.
private func launchedRanks() -> Int? {
    // Open MPI's mpirun; MPICH's and Intel's; srun, whose batch scripts lack the last one.
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
        if let text = getenv(name), let count = Int(String(cString: text)), count > 0 { return count }
    }
    return getenv("PMIX_RANK") == nil ? nil : 0
}
