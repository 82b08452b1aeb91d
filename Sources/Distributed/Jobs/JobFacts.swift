import CPlatform
import Failures
import Formats
import Glibc
import Kernels

extension JobAgreement {
    /// The program itself, its numbers and its libraries.
    public mutating func addProgram() {
        add(
            "program",
            "pag \(ProgramVersion.text), \(VectorInstructions.name), \(Scalar.self), "
                + "build \(FileFingerprint.text(of: "/proc/self/exe"))",
            kind: .missing, advice: "install one build on all hosts")
        add(
            "BLAS core type", BLAS.coreType, kind: .missing,
            advice: "set OPENBLAS_CORETYPE to one that all CPUs have")
        // Their exponentials and products have bits of their own.
        add(
            "library", "libc \(String(cString: cplatform_library_version())), \(BLAS.build)", kind: .missing,
            advice: "install the same system libraries on all hosts")
        add("command line", CommandLine.arguments.dropFirst().joined(separator: " "), kind: .usage)
    }

    /// Whether all ranks see one directory, not one each. Collective: rank 0 makes it, and a file in it for a moment.
    /// Throws `CommonFailure` where it cannot.
    public mutating func add(
        sharedDirectory path: String, _ what: String, advice: String, over communicator: any Communicator
    ) throws {
        var generator = SystemRandomNumberGenerator()
        let name = try communicator.broadcastValue(UInt64.random(in: .min ... .max, using: &generator), from: 0)
        let mark = "\(path)/.job-\(String(name, radix: 16))"
        do {
            _ = try communicator.leaderDecides {
                try createDirectory(path)
                try Self.create(mark)
                return mark
            }
        } catch let failure as Failure { throw CommonFailure(failure) }
        defer { if communicator.rank == 0 { unlink(mark) } }
        try communicator.barrier()
        add(what, Self.appears(mark) ? "\(path)" : "not that of rank 0", kind: .missing, advice: advice)
        // The file must outlive every look at it.
        try communicator.barrier()
    }

    private static func create(_ path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.inputOutput(path, "create", code: errno) }
        close(file)
    }

    /// File systems of networks may take a moment to show what another host has made.
    private static func appears(_ path: String) -> Bool {
        for _ in 0..<20 {
            if access(path, F_OK) == 0 { return true }
            usleep(100_000)
        }
        return false
    }
}
