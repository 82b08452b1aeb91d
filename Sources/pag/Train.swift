import ArgumentParser
import Configuration
import Distributed
import Failures
import Glibc
import Kernels
import Training

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train what a YAML file says.",
        discussion: "The same configuration and seed give the same bits on any number of ranks. SIGTERM or SIGUSR1 "
            + "writes a checkpoint at the next step and ends with exit code 75; running again goes on from there.")

    @Argument(help: "The configuration, YAML. See configs/.")
    var config: String

    @Option(name: .customLong("set"), help: "Override one field: --set train.optimizer.lr=0.1. May be repeated.")
    var overrides: [String] = []

    @Option(help: "Where checkpoints, metrics and the report go. Default: runs/NAME of the configuration file.")
    var runDir: String?

    @Option(help: "auto: the run directory's newest intact checkpoint; none: start anew; or a checkpoint file.")
    var resume = "auto"

    func run() throws {
        let configuration: RunConfiguration = try Configuration.read(file: config, overrides: overrides)
        try withJob(watchdog: configuration.compute.watchdog) { communicator in
            let logger = ConsoleLog.logger(rank: communicator.rank)
            if let line = try Machines(communicator).startLine() { logger.info("\(line)") }
            let training = try TrainingRun(
                configuration, directory: runDir ?? "runs/\(name(of: config))", resume: resumption,
                communicator: communicator, logger: logger, monitor: try monitor(configuration, communicator))
            try training.run()
        }
    }

    private var resumption: Resume {
        switch resume {
        case "auto": .auto
        case "none": .none
        default: .file(resume)
        }
    }

    private func monitor(
        _ configuration: RunConfiguration, _ communicator: any Communicator
    ) throws -> TrainingRun.Monitor? { nil }
}

/// The last part of a path without its ending.
func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? "run"
    return String(file.prefix(upTo: file.lastIndex(of: ".") ?? file.endIndex))
}
