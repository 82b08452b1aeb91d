import ArgumentParser
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Illustrations
import Perturbations
import Reporting
import Training

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What decisions on test images depend on, and images moved toward every class.",
        discussion:
            "Writes explanations.safetensors, pictures and report.html, the same for any number of ranks. Methods: "
            + explanationMethods.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")
            + ", and perturbations: images moved toward each class within --epsilon.")

    @OptionGroup var input: ClassifierArguments

    @Option(help: "The first N test images.")
    var samples = 8

    @Option(help: "What to make, separated by commas.")
    var methods = (explanationMethods.map(\.name) + ["perturbations"]).joined(separator: ",")

    @Option(help: ArgumentHelp("What the gradients are of: logit or logprob.", valueName: "function"))
    var of = "logit"

    @Option(help: "The class that is explained, by name or number. Default: the one that the model sees.")
    var target: String?

    @Option(help: "l1, l2 or linf, of the ball in which images are moved.")
    var norm = "l2"

    @Option(help: "Its radius. Default: what a move of 0.25 in every value measures.")
    var epsilon: String?

    @Option(help: "Steps toward each class.")
    var steps = 50

    @Option(help: "Of the noise.")
    var seed: UInt64 = 0

    @Option(help: "The folder to write.")
    var out: String

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    @Flag(help: "The averaged parameters instead of the last ones.")
    var ema = false

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
        guard samples > 0 else { throw ValidationError("samples is \(samples), expected at least 1") }
        guard (1...100_000).contains(steps) else { throw ValidationError("steps is \(steps), expected at least 1") }
    }

    func run() throws {
        let names = methods.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let known = explanationMethods.map(\.name) + ["perturbations"]
        guard Set(names).count == names.count, names.allSatisfy(known.contains) else {
            throw Failure(.usage, "methods \(methods.quoted), expected some of \(known.joined(separator: ", "))")
        }
        guard let function = GradientPictures.Function(rawValue: of) else {
            throw Failure(.usage, "of is \(of.quoted), expected logit or logprob")
        }
        try withJob(watchdog: watchdog) { communicator in
            let file = InputFile(input.model, .classifier)
            let files = try agreedFiles([file], communicator) { print($0) }
            let (tensors, page) = (out + "/explanations.safetensors", out + "/report.html")
            _ = try communicator.leaderDecides {
                try Outputs.require(tensors, .explanations, inputs: [files[file]])
                try Outputs.require(page, .report)
                return out
            }
            let (network, splits) = try input.open(
                files[file], of: files, writing: (out, "output folder", "--out"), over: communicator)
            var settings = Explanations.Settings()
            settings.methods = explanationMethods.filter { names.contains($0.name) }
            settings.function = function
            settings.seed = seed
            settings.target = try target.map { try splits.test.classNumber($0) }
            if names.contains("perturbations") { settings.perturbations = try perturbations(splits) }
            let explanations = try Explanations(
                network.classifier(for: splits.test, ema: ema), of: splits.test, samples: samples, settings,
                over: communicator)
            guard communicator.rank == 0 else { return }
            let shortfall = Shortfall("--samples", samples, of: "test images", available: splits.test.count)
            if let shortfall { print(shortfall) }
            try createDirectory(out)
            try explanations.write(to: tensors, model: name(of: files[file]))
            try ExplanationPictures(explanations, classNames: splits.test.classNames).write(to: out)
            try AtomicFile.write(try Report(runDirectories: [out]).html(), to: page)
            print("\(out): \(explanations.labels.count) images explained; \(page)")
        }
    }

    private func perturbations(_ splits: DatasetSplits) throws -> TargetedPerturbations.Settings {
        let quarters = Array(repeating: 0.25, count: splits.test.shape.count)
        let standard = ThreatModel.Norm(spelling: norm)?.length(of: quarters) ?? 0
        let radius = epsilon ?? "\((100 * standard).rounded() / 100)"
        let threat = try ThreatModel(norm: norm, epsilon: radius, box: ThreatModel.box(range: splits.range))
        return TargetedPerturbations.Settings(threat: threat, steps: steps)
    }
}
