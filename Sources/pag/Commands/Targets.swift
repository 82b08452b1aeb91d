import ArgumentParser
import Autodiff
import Configuration
import Data
import Diffusion
import Distributed
import Failures
import Formats
import Logging
import TargetGeneration
import Tracing
import Training

struct TargetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "targets",
        abstract: "Compute target gradients once and store them.",
        discussion: "The configuration's `targets` section says how; classifiers read the file through "
            + "loss.alignment.targets: {kind: file, path: FILE}. Stopped or killed, the same command goes on.")

    @Argument(help: "The configuration, YAML: a denoiser's, or any with a targets section.")
    var config: String

    @Option(help: "The safetensors file to write.")
    var out: String

    @Option(name: .customLong("set"), help: .override(example: "targets.draws=8"))
    var overrides: [String] = []

    @Option(help: "The denoiser's run directory. Default: runs/NAME of the configuration file.")
    var runDir: String?

    @Flag(help: "Only the table over noise levels.")
    var surveyOnly = false

    func run() throws {
        let configuration: RunConfiguration = try Configuration.read(file: config, overrides: overrides)
        try withJob(watchdog: configuration.compute.watchdog) { communicator in
            let logger = ConsoleLog.logger(rank: communicator.rank)
            let folder = Formats.folder(of: out)
            let runDirectory = runDir ?? "runs/\(name(of: config))"
            let files = try agreedFiles(
                configuration.targets.generator.inputFiles(runDirectory: runDirectory), communicator
            ) { logger.notice("\($0)") }
            try requireOneJob(
                settings: try Configuration.text(of: configuration), files: files,
                products: configuration.compute.products, directory: (folder, "output folder", "--out"),
                over: communicator)
            let stop = try StopRequest()
            let splits = try DatasetRegistry.open(configuration.data.selection) {
                communicator.heartbeat.beat()
            }
            try requireSameData(splits, over: communicator)
            let pool = MemoryPool(
                for: Execution(convolution: configuration.compute.convolution, products: configuration.compute.products)
            )
            let generator = try configuration.targets.generator.prepare(
                GenerationContext(
                    dataset: splits.train, seed: configuration.seed, runDirectory: runDirectory, files: files,
                    process: configuration.loss.kind.diffusion ?? DiffusionProcess(), pool: pool,
                    progress: { communicator.heartbeat.beat() }))
            var agreement = JobAgreement()
            for (name, value) in generator.identity.sorted(by: { $0.key < $1.key }) { agreement.add(name, value) }
            try agreement.require(over: communicator)
            // The images that a training of this configuration has. Those that it holds out are measured by theirs.
            let division = configuration.division(of: splits)
            let rows = division.trainedOn + division.heldOut
            let isTest = configuration.targets.surveySplit == .test
            let surveyed = isTest ? Array(0..<splits.test.count) : division.trainedOn
            let shortfalls =
                division.shortfalls
                + [
                    Shortfall(
                        "targets.surveyImages", configuration.targets.surveyImages, of: "images for the table",
                        available: surveyed.count)
                ].compactMap(\.self)
            let computation = TargetComputation(
                generator, dataset: splits.train, rows: rows, configuration.targets, communicator: communicator,
                pool: pool)
            if communicator.rank == 0 {
                for notice in splits.notices + shortfalls.map(\.description) { logger.notice("\(notice)") }
                logger.info("\(out): \(computation.estimate.text)")
            }
            let lock = try JobLock(
                path: out + ".lock", of: out, task: "a computation of targets", advice: "choose another --out",
                over: communicator, waiting: { logger.notice("\($0)") })
            defer { lock.release() }
            try lock.keep()
            if !surveyOnly { try computation.requirePlace(out) }
            try survey(
                generator, isTest ? splits.test : splits.train, surveyed, configuration.targets, communicator, pool)
            guard !surveyOnly else { return }

            let start = monotonicSeconds()
            var shown = 0
            let found = try computation(to: out, stop: stop) { done, all in
                let tenth = 10 * done / max(1, all)
                guard communicator.rank == 0, tenth > shown else { return }
                shown = tenth
                let left = (monotonicSeconds() - start) / Double(done) * Double(all - done)
                logger.info("\(done) of rank 0's \(all) blocks, \(duration(left)) left")
            }
            guard communicator.rank == 0 else { return }
            logger.info("\(out) is complete")
            if found.zero > 0 {
                logger.warning(
                    "\(out): \(found.zero) of \(found.computed) target gradients are zero, and teach nothing")
            }
        }
    }

    /// Prints the table over noise levels and keeps it beside the file.
    private func survey(
        _ generator: any PreparedGenerator, _ dataset: any Dataset, _ rows: [Int], _ settings: TargetsConfiguration,
        _ communicator: any Communicator, _ pool: MemoryPool
    ) throws {
        let count = settings.surveyImages(of: rows.count)
        guard count > 0, let survey = generator.survey else { return }
        let lines = try survey(
            dataset, rows: Array(rows.prefix(count)), block: settings.block,
            communicator: communicator, pool: pool)
        guard communicator.rank == 0 else { return }
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        print("   t  implied accuracy  cosine with class mean  agreement of draws  norm")
        for line in lines {
            let time = line.time.map(String.init) ?? "all"
            print(
                padded(time, 4) + padded(rounded(100 * line.accuracy, 1) + " %", 18)
                    + padded(rounded(line.classMeanCosine, 3), 24) + padded(rounded(line.agreement, 3), 20)
                    + padded(rounded(line.norm, 4), 9))
        }
        let table = JSONValue.array(
            lines.map { line in
                [
                    "t": line.time.map { JSONValue($0) } ?? "all", "implied_acc": JSONValue(line.accuracy),
                    "class_mean_cosine": JSONValue(line.classMeanCosine), "agreement": JSONValue(line.agreement),
                    "norm": JSONValue(line.norm),
                ]
            })
        try AtomicFile.write(table.text(pretty: true) + "\n", to: out + ".survey.json")
    }
}
