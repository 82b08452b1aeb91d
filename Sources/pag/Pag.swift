import ArgumentParser
import Distributed
import Failures
import Glibc
import Kernels

@main
struct Pag: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pag",
        abstract: "Trains image classifiers with perceptually aligned gradients on many CPU cores, and attacks them.",
        discussion: "Every command runs alone and under mpirun -np N. Exit codes: 0 ok, 1 a check failed, 2 usage, "
            + "65 bad input, 69 something needed is missing, 70 internal error, 74 input/output, 75 stopped on request, "
            + "124 watchdog.",
        subcommands: [
            Train.self, Evaluate.self, ReportCommand.self, Export.self, Import.self, Verify.self, Inspect.self,
            Bench.self, Doctor.self,
        ])

    static func main() {
        // Before MPI starts, as the parser may leave the process; and only one rank has something to say.
        let command = parseOrExit()
        BLAS.setThreads(1)
        do {
            var command = command
            try command.run()
        } catch let failure as Failure {
            writeError("pag: \(failure)")
            Glibc.exit(failure.kind.exitCode)
        } catch {
            writeError("pag: \(error)")
            Glibc.exit(Failure.Kind.internalError.exitCode)
        }
    }

    private static func parseOrExit() -> any ParsableCommand {
        do { return try parseAsRoot() } catch {
            let isHelp = exitCode(for: error).isSuccess
            if launchedRank() == 0 {
                let message = fullMessage(for: error)
                isHelp ? print(message) : writeError(message)
            }
            Glibc.exit(isHelp ? 0 : Failure.Kind.usage.exitCode)
        }
    }
}

/// This process's rank as its launcher says before MPI is up; 0 without one.
private func launchedRank() -> Int {
    for name in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"] {
        if let value = getenv(name), let rank = Int(String(cString: value)) { return rank }
    }
    return 0
}

func writeError(_ line: String) {
    let text = line + "\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
