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
        if event.level >= .warning { writeError("pag: \(event.message)") } else { print(event.message) }
    }
}
