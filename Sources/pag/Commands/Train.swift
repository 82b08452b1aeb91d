import ArgumentParser
import Checkpoints
import Configuration
import Distributed
import Evaluation
import Failures
import Formats
import Illustrations
import Logging
import Models
import Perturbations
import Reporting
import Training

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train what a YAML file says.",
        discussion: "The same configuration and seed give the same bits on any number of ranks. Ctrl-C, SIGTERM, "
            + "SIGUSR1, SIGUSR2 or SIGHUP writes a checkpoint after the step and ends with exit code 75; running again "
            + "goes on from there. Where schedule, loss or data are to change, --from starts a new run from a "
            + "checkpoint's weights.\n\n"
            + "loss.kind is one of \(LossConfiguration.kinds.joined(separator: ", ")).")

    @Argument(help: "The configuration, YAML. See configs/.")
    var config: String

    @Option(name: .customLong("set"), help: .override(example: "train.optimizer.lr=0.1"))
    var overrides: [String] = []

    @Option(help: "Where checkpoints, metrics and the report go. Default: runs/NAME of the configuration file.")
    var runDir: String?

    @Option(help: "auto: the run directory's newest intact checkpoint; none: start anew; or a checkpoint file.")
    var resume = "auto"

    @Option(
        help: """
            Start a new run from the weights of a checkpoint or run directory of the same network, with another schedule, \
            loss or data.
            """)
    var from: String?

    @Flag(help: "With --from: its averaged parameters.")
    var ema = false

    func validate() throws {
        if ema && from == nil { throw ValidationError("--ema says which weights of --from, which is not given") }
        guard from == nil || resume == "auto" || resume == "none" else {
            throw ValidationError("--resume FILE goes on with a run and --from starts a new one: give one of them")
        }
    }

    func run() throws {
        let configuration: RunConfiguration = try Configuration.read(file: config, overrides: overrides)
        try withJob(watchdog: configuration.compute.watchdog) { communicator in
            let logger = ConsoleLog.logger(rank: communicator.rank)
            if let line = try Machines(communicator).startLine() { logger.info("\(line)") }
            if communicator.rank == 0, let remark = configuration.compute.products.remark { logger.notice("\(remark)") }
            let directory = runDir ?? "runs/\(name(of: config))"
            let resumed: [InputFile] = if case .file(let path) = resumption { [InputFile(path)] } else { [] }
            let origin = from.map { InputFile($0, .classifier) }
            let files = try agreedFiles(
                configuration.inputFiles + resumed + [origin].compactMap(\.self), communicator
            ) { logger.notice("\($0)") }
            try requireOneJob(
                settings: try Configuration.text(of: configuration), files: files,
                products: configuration.compute.products, directory: (directory, "run directory", "--run-dir"),
                over: communicator)
            let start = try origin.map { try WarmStart(path: files[$0], average: ema) }
            let training = try TrainingRun(
                configuration, directory: directory, resume: resumption, from: start, communicator: communicator,
                logger: logger,
                robustness: try robustness(configuration.monitor, seed: configuration.seed, communicator))
            // The directory stays this job's until its last file is written.
            defer { training.leaveDirectory() }
            try training.run()
            let targets = configuration.task == .classifier ? try training.unseenTargets() : nil
            if communicator.rank == 0 {
                let (state, parameters) = training.network
                func progress() { communicator.heartbeat.beat() }
                if let process = configuration.loss.kind.diffusion {
                    let samples = SamplePictures(
                        state, parameters: parameters, process, like: training.data.splits.train,
                        seed: configuration.seed, progress: progress)
                    try training.record(pictures: samples.write(to: directory))
                } else {
                    let pictures = RunPictures(
                        Classifier(state, parameters: parameters), test: training.data.splits.test, targets: targets,
                        progress: progress)
                    try training.record(pictures: pictures.write(to: directory))
                }
                try AtomicFile.write(try Report(runDirectories: [directory]).html(), to: directory + "/report.html")
                logger.info("report: \(directory)/report.html")
            }
            try communicator.barrier()
        }
    }

    private var resumption: Resume {
        switch resume {
        case "auto": .auto
        case "none": .none
        default: .file(resume)
        }
    }

    /// How the run's monitor attacks.
    private func robustness(
        _ settings: MonitorConfiguration, seed: UInt64, _ communicator: any Communicator
    ) throws -> RobustnessMeasurement? {
        guard settings.everyEpochs > 0 else { return nil }
        let hasSteps = AttackRegistry.names(having: .steps).contains(settings.attack)
        let attack = try AttackRegistry.attack(
            settings.attack, AttackOptions(steps: hasSteps ? settings.steps : nil))
        func evaluation(_ data: TrainingData) -> RobustnessEvaluation {
            let box = ThreatModel.box(range: data.splits.range)
            var evaluation = RobustnessEvaluation(
                threat: ThreatModel(norm: settings.norm, epsilon: settings.epsilon.value, box: box),
                attacks: [attack], samples: settings.samples(of: data.validation.count), seed: seed)
            evaluation.checks = nil
            evaluation.keepsImages = false
            return evaluation
        }
        return RobustnessMeasurement(
            validate: { data in
                do { try evaluation(data).validate(data.validation, hasSurrogate: false) } catch let failure as Failure
                {
                    throw Failure(failure.kind, "monitor.attack: \(failure)")
                }
            },
            evaluate: { state, parameters, data in
                let result = try evaluation(data).run(
                    Classifier(state, parameters: parameters), on: data.validation, over: communicator)
                return RobustnessMeasurement.Finding(
                    cleanAccuracy: result.cleanAccuracy, robustAccuracy: result.robustAccuracy, notes: result.notes)
            })
    }
}

/// The last part of a path without its ending.
func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? "run"
    return String(file.prefix(upTo: file.lastIndex(of: ".") ?? file.endIndex))
}
