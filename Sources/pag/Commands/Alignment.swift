import ArgumentParser
import Autodiff
import Checkpoints
import Configuration
import Data
import Distributed
import Failures
import Formats
import Glibc
import Perturbations
import Targets
import Training

struct Alignment: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How a run's input gradients agree with the targets of a file, checkpoint by checkpoint.",
        discussion:
            "Measured on the run's held-out images, clean and after 7 steps of PGD, with the size of the loss's "
            + "gradients and how linear the loss is between the two. So networks can be compared whatever they were "
            + "trained with."
    )

    @Argument(help: "A run directory, all of whose checkpoints at the ends of epochs are measured, or one checkpoint.")
    var checkpoint: String

    @Option(help: "Target gradients, safetensors, which have those of the held-out images: see pag targets.")
    var targets: String

    @Option(help: "The first N held-out images. Default: all, at most 500.")
    var samples: Int?

    @Option(help: "l1, l2 or linf: the ball of the attack.")
    var norm = "l2"

    @Option(help: "Its radius, in units of images in [0, 1]: 0.5 or 8/255.")
    var epsilon = "0.5"

    @Option(help: "The JSON file to write. Default: alignment.json in the run directory, or beside the checkpoint.")
    var out: String?

    @Flag(help: "Replace a file of other settings, too.")
    var force = false

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
        if let samples, samples < 1 { throw ValidationError("samples is \(samples), expected at least 1") }
    }

    func run() throws {
        guard let ball = ThreatModel.Norm(spelling: norm) else {
            throw Failure(.usage, "norm is \"\(norm)\", expected l1, l2 or linf")
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
            if communicator.rank == 0 {
                if let shortfall { print(shortfall) }
                yardstick.notices.forEach { print($0) }
            }
            let settings = AlignmentSettings(
                targets: targets, targetsHash: yardstick.targetsHash, samples: yardstick.count, norm: ball,
                epsilon: epsilon)
            _ = try communicator.leaderDecides {
                if !force { try settings.requirePlace(out) }
                return ""
            }
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
            let result = JSONValue.object(settings.members + [JSONValue.Member("checkpoints", .array(measured))])
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

/// What the figures of `pag alignment` depend on besides the network, as their file says it.
private struct AlignmentSettings {
    let targets: String
    let targetsHash: String?
    let samples: Int
    let norm: ThreatModel.Norm
    let epsilon: String

    var members: [JSONValue.Member] {
        [
            JSONValue.Member("targets", JSONValue(targets)),
            JSONValue.Member("targets_hash", targetsHash.map { JSONValue($0) } ?? .null),
            JSONValue.Member("samples", JSONValue(samples)), JSONValue.Member("norm", JSONValue(norm.rawValue)),
            JSONValue.Member("epsilon", JSONValue(epsilon)),
        ]
    }

    /// Throws `usage` where a file is that would be lost: of other settings, or something else altogether.
    func requirePlace(_ path: String) throws {
        var there = stat()
        guard stat(path, &there) == 0, there.st_mode & S_IFMT == S_IFREG, there.st_size > 0 else { return }
        guard let earlier = try? FileContents.json(path), earlier["checkpoints"] != nil, earlier["targets"] != nil
        else {
            throw Failure(
                .usage,
                "\(path): is there already and is no earlier alignment; choose another --out, or --force to replace it")
        }
        guard let difference = difference(from: earlier) else { return }
        throw Failure(
            .usage,
            "\(path): is of other settings (\(difference)); choose another --out, or --force to replace it")
    }

    private func difference(from earlier: JSONValue) -> String? {
        let radius = earlier["epsilon"]?.stringValue ?? ""
        if (try? ThreatModel.epsilon(radius)) != (try? ThreatModel.epsilon(epsilon)) {
            return "epsilon \(radius) there, \(epsilon) here"
        }
        for (name, value) in [("samples", "\(samples)"), ("norm", norm.rawValue)] {
            let other = earlier[name].map { $0.stringValue ?? $0.text() } ?? "unknown"
            if other != value { return "\(name) \(other) there, \(value) here" }
        }
        // A file of targets may have moved; what it holds counts, where that is known.
        let before = earlier["targets_hash"]?.stringValue
        if let before, let targetsHash {
            if before != targetsHash { return "other targets" }
        } else if earlier["targets"]?.stringValue != targets {
            return "targets \(earlier["targets"]?.stringValue ?? "unknown") there, \(targets) here"
        }
        return nil
    }
}
