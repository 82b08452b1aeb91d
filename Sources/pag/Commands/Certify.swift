import ArgumentParser
import Checkpoints
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Kernels
import Training

struct Certify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Radii within which no move changes the class of a smoothed classifier, over all ranks.",
        discussion: "Randomised smoothing (Cohen, Rosenfeld, Kolter 2019): the smoothed classifier says the class that "
            + "the model sees most often in an image with normal noise of deviation --sigma. A class that is likely "
            + "enough has a radius, in L2, that holds but for a chance of --alpha. A model that was not trained with such "
            + "noise has small ones. The result is the same for every number of ranks and every batch; after a kill the "
            + "same command goes on.")

    @OptionGroup var input: ClassifierArguments

    @Option(help: "Deviation of the noise, in units of images in [0, 1].")
    var sigma = 0.25

    @Option(help: "Draws that a class's probability is estimated from.")
    var n = 100_000

    @Option(help: "Draws before that, which choose the class.")
    var n0 = 100

    @Option(help: "How likely a certificate may be wrong, at most.")
    var alpha = 0.001

    @Option(
        help: ArgumentHelp(
            "Attack the smoothed classifier within every certified radius, by so many steps of gradient descent.",
            valueName: "steps"))
    var attack: Int?

    @Option(help: "Draws of noise that the attack's gradient is made of. Default: 16.")
    var attackDraws: Int?

    @Option(
        help: ArgumentHelp(
            "A denoiser that takes the noise out of each image, in one step, before the model sees it: a checkpoint, a run "
                + "directory, or a folder that diffusers saved with its defaults' noise levels.",
            valueName: "checkpoint"))
    var denoiser: String?

    @Option(help: "The first N test images. Default: all.")
    var samples: Int?

    @Option(help: "Of the noise.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("bfloat16: with rounded factors of products.", valueName: "precision"))
    var products = ProductPrecision.float32

    @Option(help: "Noisy images that go through the network at once. Does not change the result.")
    var batch = 128

    @Option(help: "Folder for certificate.json. Default: certificate in the run directory, or beside the checkpoint.")
    var out: String?

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    @Flag(help: "Begin anew and replace what the output folder holds, also results of other settings.")
    var force = false

    @Flag(help: "The averaged parameters instead of the last ones.")
    var ema = false

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
        if let samples, samples < 1 { throw ValidationError("samples is \(samples), expected at least 1") }
        guard attack != nil || attackDraws == nil else {
            throw ValidationError("attack-draws is for a certification with --attack")
        }
        guard batch > 0 else { throw ValidationError("batch is \(batch), expected at least 1") }
    }

    func run() throws {
        let settings = try SmoothingSettings(sigma: sigma, draws: n, selectionDraws: n0, alpha: alpha, seed: seed)
        let attack = try attack.map { try SmoothingAttack(steps: $0, draws: attackDraws ?? 16) }
        try withJob(watchdog: watchdog) { communicator in
            let file = InputFile(input.model, .classifier), denoiser = denoiser.map { InputFile($0, .denoiser) }
            let files = try agreedFiles([file] + [denoiser].compactMap(\.self), communicator) { print($0) }
            let checkpoint = files[file], folder = out ?? runFolder("certificate", of: checkpoint)
            let (network, splits) = try input.open(
                checkpoint, of: files, products: products, writing: (folder, "output folder", "--out"),
                over: communicator)
            var certification = SmoothingCertification(settings, samples: samples)
            certification.batch = batch
            certification.stop = try StopRequest(signals: StopRequest.schedulerSignals)
            let denoising = try denoiser.map {
                try ImageDenoising(files[$0], files, for: splits, sigma: sigma, products)
            }
            _ = try communicator.leaderDecides {
                try createDirectory(folder)
                return ""
            }
            let lock = try JobLock(
                path: folder + "/lock", of: folder, task: "a certification", advice: "choose another --out",
                over: communicator, waiting: { print($0) })
            defer { lock.release() }
            certification.attack = try attack ?? earlierAttack(folder, communicator)
            let identity = try identity(of: [checkpoint], ema: ema, normalize: input.normalisation.normalize)
            certification.journal = EvaluationJournal(
                directory: "\(folder)/state",
                model: identity
                    + (products == .float32 ? "" : " \(products.rawValue)")
                    + (denoising.map { " denoiser \($0.identity)" } ?? ""),
                resumes: false, replaces: force)
            try lock.keep()
            let line = EvaluationLine(isShown: communicator.rank == 0)
            let result = try certification.run(
                network.classifier(
                    for: splits.test, ema: ema, products: products,
                    preparation: denoising.map { denoising in { denoising.step($0) } } ?? { $0 }),
                on: splits.test,
                over: communicator, progress: line.show,
                goesOn: {
                    guard communicator.rank == 0 else { return }
                    print("\(folder): goes on from what these settings gave before; --force begins anew")
                })
            guard communicator.rank == 0 else { return }
            line.clear()
            try lock.check()
            let shortfall = Shortfall("--samples", samples, of: "test images", available: splits.test.count)
            if let shortfall { print(shortfall) }
            try result.write(
                to: folder, model: name(of: checkpoint), network: description(identity, denoising))
            describe(result, folder)
        }
    }

    /// What tells the network from others, for the results.
    private func description(_ identity: String, _ denoising: ImageDenoising?) -> [JSONValue.Member] {
        [.init("identity", JSONValue(identity))]
            + (ema ? [.init("ema", true)] : [])
            + (products == .float32 ? [] : [.init("products", JSONValue(products.rawValue))])
            + (denoising.map { [.init("denoiser", $0.json)] } ?? [])
    }

    /// Makes sure that the output folder holds nothing that would be lost, and finds the attack that certificates of these
    /// settings have suffered before, which stays in the results. Collective.
    private func earlierAttack(_ folder: String, _ communicator: any Communicator) throws -> SmoothingAttack? {
        let path = "\(folder)/\(SmoothingResult.file)"
        let text = try communicator.leaderDecides {
            guard access(path, F_OK) == 0 else { return "{}" }
            if force {
                // What is there must not be taken for what comes.
                unlink(path)
                return "{}"
            }
            guard access("\(folder)/state/certification.json", F_OK) == 0 else {
                throw Failure(
                    .usage,
                    "\(path): its settings are not known, as state/certification.json is missing; choose another --out, "
                        + "or --force to replace it")
            }
            return try FileContents.json(path).text()
        }
        return try SmoothingAttack(certificate: JSONValue.parse(text, source: path))
    }

    private func describe(_ result: SmoothingResult, _ folder: String) {
        func percent(_ share: Double) -> String { rounded(100 * share, 2) + " %" }
        print("\(result.dataset), \(result.images.count) images, sigma \(sigma), \(n) draws")
        for radius in result.radii {
            print("certified within \(radius)  \(percent(result.certifiedAccuracy(radius: radius)))")
        }
        print("abstained  \(percent(result.abstentions))")
        print("average certified radius  \(rounded(result.averageRadius, 4))")
        if result.undefinedCount > 0 {
            print(
                "NOTE \(result.undefinedCount) of \(result.images.count) images have draws with logits that are not "
                    + "finite, which count for no class")
        }
        if n < result.settings.leastDraws {
            print(
                "NOTE with --alpha \(alpha) no class can be certified by fewer than \(result.settings.leastDraws) draws"
            )
        }
        if result.attack != nil {
            print(
                "\(result.brokenCount) of \(result.attackedCount) certified images change class within their radius "
                    + "under attack")
        }
        print("written to \(folder)")
    }
}
