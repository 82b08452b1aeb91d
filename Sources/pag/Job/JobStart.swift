import Checkpoints
import Distributed
import Failures
import Formats
import Kernels
import Training

/// Finds out what the paths mean that a command was given, on rank 0: a run that goes on may write another checkpoint
/// meanwhile. Collective.
/// - Parameter say: what the user should know, on rank 0.
func agreedFiles(
    _ files: [InputFile], _ communicator: any Communicator, say: (String) -> Void
) throws -> InputFiles {
    try InputFiles(files) { file in
        try communicator.leaderDecides {
            let named: NamedCheckpoint
            switch file.meaning {
            case .itself: return file.path
            case .classifier: named = try NamedCheckpoint(file.path, preferring: .best)
            case .denoiser:
                if DiffusersDirectory.isOne(file.path) { return file.path }
                named = try NamedCheckpoint(file.path, preferring: .newest)
            }
            named.notices.forEach(say)
            return named.path
        }
    }
}

/// Makes sure, before a command's work begins, that all its ranks are about to do the same. Collective.
/// - Parameters:
///   - settings: what the command was told beyond its command line.
///   - files: all that ranks read, but for data, which are compared once they are open.
///   - products: in which precision the command multiplies.
///   - directory: where the command writes, and what it is called.
func requireOneJob(
    settings: String = "", files: InputFiles, products: ProductPrecision = .float32,
    directory: (path: String, name: String, option: String), over communicator: any Communicator
) throws {
    var agreement = JobAgreement()
    agreement.addProgram()
    if products == .bfloat16 {
        if let problem = BFloat16Unit.problem { throw Failure(.usage, problem) }
        agreement.add(
            "unit for bfloat16", BFloat16Unit.best.rawValue, kind: .missing,
            advice: "take nodes of one kind, or set PAG_BFLOAT16_UNIT=none on all")
    }
    agreement.add("configuration", settings, advice: "every host needs the same file")
    for path in files.paths {
        let parts = try communicator.leaderDecides { try modelFiles(path).joined(separator: "\0") }
        for part in parts.split(separator: "\0") { agreement.add(file: String(part)) }
    }
    if communicator.size > 1 {
        try agreement.add(
            sharedDirectory: directory.path, directory.name,
            advice: "all hosts need to see one, on a file system that they share; \(directory.option) names it",
            over: communicator)
    }
    try agreement.require(over: communicator)
}
