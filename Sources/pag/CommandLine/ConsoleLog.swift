import Failures
import Logging

/// Plain lines for a person to read: rank 0's on standard output, warnings on standard error, other ranks' nowhere.
struct ConsoleLog: LogHandler {
    let rank: Int
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    static func logger(rank: Int) -> Logger { Logger(label: "pag") { _ in ConsoleLog(rank: rank) } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard rank == 0 else { return }
        if event.level >= .warning { return writeError("pag: \(event.message)") }
        let wasBroken = StandardOutput.isBroken
        print(event.message)
        // Said once: a lost line is no reason to stop, nor to say so at every line.
        if !wasBroken, let failure = StandardOutput.failure { writeError("pag: \(failure); going on without it") }
    }
}
