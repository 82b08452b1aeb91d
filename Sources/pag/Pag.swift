import ArgumentParser
import CPlatform
import Distributed
import Failures
import Formats
import Glibc
import Kernels

@main
struct Pag: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pag",
        abstract: "Trains image classifiers with perceptually aligned gradients on many CPU cores, and attacks them.",
        discussion:
            "train, evaluate, predict, explain, certify, targets, alignment, bench and doctor run alone and under mpirun -np N. Exit codes: "
            + "0 ok, 1 a check failed, 2 usage, 65 bad input, 69 something needed is missing, 70 internal error, "
            + "74 input/output, 75 stopped on request, 124 watchdog.",
        version: ProgramVersion.text,
        subcommands: [
            Train.self, Evaluate.self, Predict.self, Explain.self, Certify.self, TargetsCommand.self,
            Alignment.self, ReportCommand.self, Export.self, Import.self, Verify.self, Inspect.self, Bench.self,
            Doctor.self,
            StudyCommand.self,
        ])

    /// Their result is a file: lines that cannot be printed are no failure.
    private static let commandsThatWriteFiles: [any ParsableCommand.Type] = [
        Train.self, TargetsCommand.self, Predict.self, Explain.self, Export.self, Import.self, Certify.self,
    ]

    static func main() {
        StandardOutput.prepare()
        if let missing = VectorInstructions.missing {
            leave(
                saying: "pag: built for \(missing), which this processor lacks: build with PAG_MARCH=x86-64-v3 or "
                    + "x86-64",
                Failure.Kind.missing.exitCode)
        }
        restartIfProcessorIsUnknownToBLAS()
        do {
            try refuseEmptyArguments(commandLine)
            // Before MPI starts, as the parser may leave the process.
            var command = try parseAsRoot(Array(commandLine.dropFirst()))
            BLAS.setThreads(1)
            try command.run()
            let type = Swift.type(of: command)
            if !commandsThatWriteFiles.contains(where: { $0 == type }), let failure = StandardOutput.failure {
                throw failure
            }
        } catch let failure as Failure {
            leave(saying: "pag: \(failure)", failure.kind.exitCode)
        } catch {
            let isHelp = exitCode(for: error).isSuccess
            if isHelp {
                if launchedRank() == 0 { print(fullMessage(for: error)) }
                if let failure = StandardOutput.failure { leave(saying: "pag: \(failure)", failure.kind.exitCode) }
                Glibc.exit(0)
            }
            leave(saying: fullMessage(for: error), Failure.Kind.usage.exitCode)
        }
    }

    /// No option and no argument means something when it is empty: an unset variable of a script has left it so, and
    /// a folder of that name would be the root of the file system.
    private static func refuseEmptyArguments(_ arguments: [String]) throws {
        func isEmpty(_ text: some StringProtocol) -> Bool { text.allSatisfy(\.isWhitespace) }
        for (place, argument) in arguments.enumerated().dropFirst() {
            let before = arguments[place - 1]
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name: String
            if isEmpty(argument) {
                name = before.hasPrefix("--") ? before : "argument \(place)"
            } else if argument.hasPrefix("--"), parts.count == 2, isEmpty(parts[1]) {
                name = String(parts[0])
            } else {
                continue
            }
            throw Failure(
                .usage,
                "\(name) is empty, expected a value" + (name.hasPrefix("--") ? ", or no \(name) at all" : "")
                    + " (is a variable of the shell unset?)")
        }
    }

    /// OpenBLAS takes a processor that it does not know for one of 2004, and chooses its kernels when it is loaded:
    /// starts this program anew, telling it better. A set OPENBLAS_CORETYPE is left alone.
    private static func restartIfProcessorIsUnknownToBLAS() {
        guard BLAS.coreType == "Prescott", getenv("OPENBLAS_CORETYPE") == nil,
            let newer = ["AVX-512": "SkylakeX", "AVX2": "Haswell"][VectorInstructions.name]
        else { return }
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 else { return }
        setenv("OPENBLAS_CORETYPE", newer, 1)
        execv(path, cplatform_arguments())
    }

    /// Ends this process for a reason that most likely every rank of the job has found by itself: one of them says it,
    /// and the others give it the time to. One that is still there then is alone with it.
    private static func leave(saying message: String, _ code: Int32) -> Never {
        let rank = launchedRank(), mark = "pag: "
        if rank > 0 { usleep(1_500_000) }
        let isAlone = rank > 0 && message.hasPrefix(mark)
        writeError(isAlone ? "\(mark)rank \(rank) on \(hostName()): \(message.dropFirst(mark.count))" : message)
        fflush(nil)
        // Without the exit handlers: OpenBLAS's waits for a thread that may be asking for memory for ever.
        _exit(code)
    }
}

/// What the program was called with, its name first.
private var commandLine: [String] {
    let values = cplatform_arguments()
    return (0..<Int(cplatform_argument_count())).compactMap { values?[$0].map { String(cString: $0) } }
}

func writeError(_ line: String) {
    let text = line + "\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
