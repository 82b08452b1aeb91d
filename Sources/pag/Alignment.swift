import ArgumentParser
import Autodiff
import Checkpoints
import Configuration
import Data
import Distributed
import Failures
import Formats
import Perturbations
import Targets
import Training

struct Alignment: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How a run's input gradients agree with the targets of a file, checkpoint by checkpoint.",
        discussion: "Measured on the run's held-out images, clean and attacked, with the size of the loss's gradients "
            + "and how linear the loss is between the two. So networks can be compared whatever they were trained with."
    )

    @Argument(help: "A run directory, all of whose checkpoints at the ends of epochs are measured, or one checkpoint.")
    var checkpoint: String

    @Option(help: "Target gradients, safetensors, which have those of the held-out images: see pag targets.")
    var targets: String

    @Option(help: "The first N held-out images. Default: all, at most 500.")
    var samples: Int?

    @Option(help: "l2 or linf: the ball of the attack.")
    var norm = "l2"

    @Option(help: "Its radius, in units of images in [0, 1]: 0.5 or 8/255.")
    var epsilon = "0.5"

    @Option(help: "The JSON file to write. Default: alignment.json in the run directory, or beside the checkpoint.")
    var out: String?

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    func validate() throws {
        if let samples, samples < 1 { throw ValidationError("samples is \(samples), expected at least 1") }
    }

    func run() throws {
        guard let ball = ThreatModel.Norm(spelling: norm) else {
            throw Failure(.usage, "norm is \"\(norm)\", expected l2 or linf")
        }
        let radius = try ThreatModel.epsilon(epsilon)
        guard radius > 0 else { throw Failure(.usage, "epsilon is \(epsilon), expected more than 0") }
        try withJob(watchdog: watchdog) { communicator in
            let paths = try communicator.leaderDecides {
                try checkpoints().joined(separator: "\n")
            }.split(separator: "\n").map(String.init)
            let out = out ?? defaultFile(of: paths[0])
            try requireOneJob(
                files: InputFiles(([targets] + paths).map { InputFile($0) }),
                directory: (folder(of: out), "output folder", "--out"), over: communicator)
            let configuration = try configuration(of: paths[0])
            let pool = MemoryPool()
            var target = TargetFile()
            target.path = targets
            let yardstick = try AlignmentYardstick(
                configuration, targets: target, samples: samples, norm: ball, epsilon: PixelDistance(radius), in: pool,
                communicator)
            let shortfall = Shortfall("--samples", samples, of: "held-out images", available: yardstick.available)
            if communicator.rank == 0, let shortfall { print(shortfall) }
            var measured: [JSONValue] = []
            for path in paths {
                let file = try SafetensorsFile(path: path)
                // One that a stop has left in the midst of an epoch says nothing of it.
                guard path == checkpoint || isEndOfEpoch(file, yardstick) else { continue }
                let state = try ParameterFiles.network(
                    try ModelDescription(from: file), from: file, .evaluated, in: pool)
                let found = try yardstick(state)
                if communicator.rank == 0 {
                    print("\(path): \(found.summary)")
                }
                measured.append(entry(file, found))
            }
            guard communicator.rank == 0 else { return }
            let result: JSONValue = [
                "targets": JSONValue(targets), "samples": JSONValue(yardstick.count), "norm": JSONValue(ball.rawValue),
                "epsilon": JSONValue(epsilon), "checkpoints": .array(measured),
            ]
            try AtomicFile.write(result.text(pretty: true) + "\n", to: out)
        }
    }

    /// From the first to the last.
    private func checkpoints() throws -> [String] {
        let named = try NamedCheckpoint(checkpoint, preferring: .newest)
        let numbered = try CheckpointFolder(path: folder(of: named.path)).numbered().map(\.path)
        guard named.path != checkpoint else { return [checkpoint] }
        return numbered.reversed()
    }

    private func configuration(of path: String) throws -> RunConfiguration {
        let file = try SafetensorsFile(path: path)
        guard let text = file.metadata["config"] else {
            throw Failure.badInput(path, "holds no configuration", expected: "a checkpoint of pag train")
        }
        let configuration = try Configuration.read(RunConfiguration.self, text: text, source: "\(path): config")
        guard configuration.task == .classifier else {
            throw Failure.badInput(path, "is a denoiser, expected a classifier")
        }
        return configuration
    }

    private func isEndOfEpoch(_ file: SafetensorsFile, _ yardstick: AlignmentYardstick) -> Bool {
        guard let step = file.metadata["step"].flatMap({ Int($0) }) else { return false }
        return step % max(1, yardstick.stepsPerEpoch) == 0
    }

    private func entry(_ file: SafetensorsFile, _ found: HeldOutReport) -> JSONValue {
        let places = ["step", "epoch"].map { key in
            JSONValue.Member(key, file.metadata[key].flatMap { Int($0) }.map { JSONValue($0) } ?? .null)
        }
        let figures = found.figures.map { JSONValue.Member($0.figure.name, $0.value.json) }
        return .object(places + figures)
    }

    /// `RUN/alignment.json` for `RUN/checkpoints/FILE`.
    private func defaultFile(of checkpoint: String) -> String {
        let own = folder(of: checkpoint)
        let run = own == "checkpoints" || own.hasSuffix("/checkpoints") ? folder(of: own) : own
        return run + "/alignment.json"
    }
}
