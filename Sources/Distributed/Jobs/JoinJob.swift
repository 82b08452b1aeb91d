import CPlatform
import Failures
import Glibc

/// The communicator of this process: MPI if a launcher started it, else a job of one rank. To be called once, after the
/// arguments have been understood: joining takes a while.
/// - Parameter heartbeat: may be watched already, as joining may take for ever.
public func joinJob(heartbeat: Heartbeat = Heartbeat()) throws -> any Communicator {
    if isStepWithoutProcessManagement {
        guard let tasks = launchedRanks(), tasks > 1 else { return SingleProcess(heartbeat: heartbeat) }
        throw Failure(
            .missing,
            "srun started \(tasks) tasks that cannot find each other: give it --mpi=pmix, or use "
                + "launch/slurm.sbatch if `srun --mpi=list` does not name pmix")
    }
    guard let claimed = launchedRanks() else { return SingleProcess(heartbeat: heartbeat) }
    let communicator =
        isStepOfFormerProcessManagement
        ? try joinOverFormerProcessManagement(of: claimed, heartbeat) : try MPICommunicator(heartbeat: heartbeat)
    guard communicator.size == claimed || claimed == 0 else {
        throw Failure(
            .missing,
            "the launcher started \(claimed) processes, but MPI knows \(communicator.size): "
                + "use the mpirun of \(MPICommunicator.libraryVersion), or srun --mpi=pmix")
    }
    return communicator
}

/// A build of Open MPI that cannot join so says it on a page and ends the process there and then, so what is to be said
/// of it stands first, and nothing behind it.
private func joinOverFormerProcessManagement(of tasks: Int, _ heartbeat: Heartbeat) throws -> MPICommunicator {
    if launchedRank() == 0 {
        writeToStandardError(
            "pag: srun started \(tasks) tasks over PMI-2 or PMI-1, which most builds of Open MPI do not speak: give it "
                + "--mpi=pmix where it ends here")
    }
    var held = cplatform_held_words()
    guard cplatform_hold_words("not built with SLURM's PMI support", &held) == 0 else {
        return try MPICommunicator(heartbeat: heartbeat)
    }
    defer { cplatform_let_words_go(&held) }
    return try MPICommunicator(heartbeat: heartbeat)
}

/// This process's rank as its launcher says before MPI is up; 0 without one.
public func launchedRank() -> Int {
    for name in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"] {
        if let value = getenv(name), let rank = Int(String(cString: value)) { return rank }
    }
    return 0
}

/// The number of processes that a launcher says it started, 0 if it does not say, nil without a launcher.
private func launchedRanks() -> Int? {
    // Open MPI's mpirun; MPICH's and Intel's; srun, whose batch scripts lack the last one.
    for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
        if let text = getenv(name), let count = Int(String(cString: text)), count > 0 { return count }
    }
    return getenv("PMIX_RANK") == nil ? nil : 0
}

/// Whether this is a task of srun's that older process managements than PMIx serve.
private var isStepOfFormerProcessManagement: Bool {
    isSet("SLURM_STEP_NUM_TASKS") && isSet("PMI_RANK") && !["PMIX_RANK", "OMPI_COMM_WORLD_SIZE"].contains(where: isSet)
}

/// Whether this is a task of srun's that no process management serves: Open MPI would end it with a page of text.
private var isStepWithoutProcessManagement: Bool {
    isSet("SLURM_STEP_NUM_TASKS") && !["PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_SIZE"].contains(where: isSet)
}

private func isSet(_ name: String) -> Bool { getenv(name) != nil }
