import ArgumentParser
import Autodiff
import Checkpoints
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Illustrations
import Kernels
import Models
import Perturbations
import Training

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Clean accuracy, accuracy under attack and on corrupted images of a checkpoint, over all ranks.",
        discussion: "Attacks: \(AttackRegistry.names.joined(separator: ", ")). The same images survive for every "
            + "number of ranks and every batch size. What has been found is kept in the folder state of the output as "
            + "it comes; after a kill, the same command goes on from there, on any number of ranks. A folder with results "
            + "of other settings is left alone unless --force is given.")

    private static let defaultNorm = "l2"

    @OptionGroup var input: ClassifierArguments

    @Option(help: "Attacks, separated by commas. Default: fgsm,pgd; with --corruptions none.")
    var attack: String?

    @Option(
        help: ArgumentHelp(
            "Accuracy on corrupted images: builtin computes them of the data's test images; a folder holds them in the "
                + "layout of CIFAR-10-C. Without --attack no attack is run.", valueName: "builtin|DIR"))
    var corruptions: String?

    @Option(
        help: """
            l0, l1, l2 or linf; L2, l_inf, inf and the like mean the same. Several, separated by commas, each get a folder of \
            their own in the output; robustness.json there has what withstands all of them. Default: \(Self.defaultNorm).
            """)
    var norm: String?

    @Option(
        help: ArgumentHelp(
            "Radius of the ball, in units of images in [0, 1]: 0.5 or 8/255; one for each norm. Default: "
                + ThreatModel.Norm.allCases.map { "\($0.customaryEpsilon) for \($0.rawValue)" }.joined(separator: ", ")
                + "."))
    var epsilon: String?

    @Option(help: "The first N test images. Default: all.")
    var samples: Int?

    @Option(help: "Steps of \(AttackRegistry.names(having: .steps).joined(separator: ", ")).")
    var steps: Int?

    @Option(help: "Random restarts of \(AttackRegistry.names(having: .restarts).joined(separator: ", ")).")
    var restarts: Int?

    @Option(help: "Radii of a curve of accuracy under pgd, separated by commas.")
    var curve: String?

    @Option(help: "Of the random numbers of attacks and corruptions.")
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "bfloat16: attacks search on a network whose products have rounded factors, which some processors compute "
                + "faster; what they find counts where the network is wrong in float32.", valueName: "precision"))
    var products = ProductPrecision.float32

    @Option(
        help: ArgumentHelp(
            "The network adds normal noise of this standard deviation to every image, anew for each pass: for networks "
                + "whose defence is to be random.", valueName: "sigma"))
    var inputNoise: Double?

    @Option(help: "Images that go through the network at once. Does not change the result.")
    var batch = 32

    @Option(
        help: """
            Folder for robustness.json, adversarial.safetensors, corruptions.json and the rest. Default: eval in the run \
            directory, or beside the checkpoint.
            """)
    var out: String?

    @Option(
        help: """
            A checkpoint or run directory of another model, whose adversarial images the attack transfer tries; two more \
            checks are made with it.
            """)
    var transferFrom: String?

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    @Flag(help: "Refuse what is damaged of what these settings gave before, instead of doing it again.")
    var resume = false

    @Flag(help: "Begin anew and replace what the output folder holds, also results of other settings.")
    var force = false

    @Flag(help: "Evaluate the averaged parameters.")
    var ema = false

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
        if let inputNoise, !(inputNoise > 0 && inputNoise.isFinite) {
            throw ValidationError("input-noise is \(inputNoise), expected more than 0")
        }
        if force && resume { throw ValidationError("--force begins anew and --resume goes on: give one of them") }
    }

    var runsAttacks: Bool { corruptions == nil || attack != nil }

    func run() throws {
        if !runsAttacks {
            let ofAttacks = [
                ("norm", norm != nil), ("epsilon", epsilon != nil), ("steps", steps != nil),
                ("restarts", restarts != nil), ("curve", curve != nil), ("transfer-from", transferFrom != nil),
                ("products", products != .float32),
            ]
            for (name, isGiven) in ofAttacks where isGiven {
                throw Failure(.usage, "--\(name) is of attacks: with --corruptions, --attack says which are run")
            }
        }
        for threat in try ThreatModel.list(norms: norm ?? Self.defaultNorm, epsilons: epsilon)
        where threat.epsilon == 0 {
            throw Failure(.usage, "epsilon is 0, expected more than 0: no attack can move an image")
        }
        let attacks =
            runsAttacks
            ? try AttackRegistry.attacks(attack ?? "fgsm,pgd", AttackOptions(steps: steps, restarts: restarts)) : []
        try withJob(watchdog: watchdog) { communicator in
            let own = InputFile(input.model, .classifier)
            let other = transferFrom.map { InputFile($0, .classifier) }
            let files = try agreedFiles([own] + [other].compactMap(\.self), communicator) { print($0) }
            let (checkpoint, transferFrom) = (files[own], other.map { files[$0] })
            let folder = out ?? runFolder("eval", of: checkpoint)
            let (network, splits) = try input.open(
                checkpoint, of: files, products: products, writing: (folder, "output folder", "--out"),
                over: communicator)
            let noise = inputNoise.map { InputNoise(deviation: $0, seed: seed) }
            var classifier = try network.classifier(for: splits.test, ema: ema)
            classifier.noise = noise
            var searched =
                products == .float32 ? nil : try network.classifier(for: splits.test, ema: ema, products: products)
            searched?.noise = noise
            let surrogate = try transferFrom.map {
                try ClassifierFile($0, normalize: $0.hasSuffix(".onnx") ? input.normalisation.normalize : nil)
                    .classifier(for: splits.test)
            }
            let threats = try ThreatModel.list(
                norms: norm ?? Self.defaultNorm, epsilons: epsilon, box: ThreatModel.box(range: splits.range))
            var evaluation = RobustnessEvaluation(
                threat: threats[0], attacks: attacks, samples: samples, seed: seed)
            evaluation.batch = batch
            evaluation.curve = try curve.map { try EpsilonCurve(epsilons: ThreatModel.epsilons($0)) }
            // An interrupt from the terminal ends the program at once; a scheduler gives it time to finish its images.
            evaluation.stop = try StopRequest(signals: StopRequest.schedulerSignals)
            for threat in threats {
                evaluation.threat = threat
                try evaluation.validate(classifier, splits.test, surrogate)
            }
            let corrupted = try corruptions.map {
                try corruptedImages($0, of: splits.test, resizedTo: network.selection(input.images).size)
            }
            if communicator.rank == 0 { for remark in remarks(on: corrupted, of: splits.test) { print(remark) } }
            if communicator.rank == 0, let remark = products.remark { print(remark) }
            let output = try EvaluationFolder(folder, threats.map(\.norm), over: communicator) { print($0) }
            defer { output.release() }
            if runsAttacks { try output.require(replacing: force, over: communicator) }
            try output.keep()
            if let corrupted {
                let line = EvaluationLine(isShown: communicator.rank == 0)
                let result = try evaluate(
                    corrupted, classifier, on: splits.test, checkpoint, folder, evaluation.stop, line, communicator)
                if communicator.rank == 0 {
                    line.clear()
                    try output.check()
                    try result.write(to: folder, model: name(of: checkpoint), identity: corruptionIdentity(checkpoint))
                    describe(result, folder)
                }
            }
            guard runsAttacks else { return }
            let identity = try identity(
                of: [checkpoint, transferFrom].compactMap { $0 }, ema: ema, normalize: input.normalisation.normalize)
            let evaluations = zip(threats, output.places).map { threat, place in
                var own = evaluation
                own.threat = threat
                own.journal = EvaluationJournal(
                    directory: "\(place)/\(EvaluationFolder.state)", model: identity, resumes: resume, replaces: force)
                return own
            }
            for own in evaluations {
                try own.requireJournal(classifier, on: splits.test, over: communicator, searching: searched)
            }
            var results: [RobustnessResult] = []
            for (evaluation, place) in zip(evaluations, output.places) {
                let line = EvaluationLine(isShown: communicator.rank == 0)
                let result = try evaluation.run(
                    classifier, on: splits.test, over: communicator, searching: searched, surrogate: surrogate,
                    progress: line.show,
                    goesOn: {
                        if !resume {
                            print("\(place): goes on from what these settings gave before; --force begins anew")
                        }
                    })
                results.append(result)
                guard communicator.rank == 0 else { continue }
                line.clear()
                try output.check()
                try result.write(to: place, model: name(of: checkpoint))
                try AdversarialPictures(result, of: splits.test) { image in
                    let shape = [1] + classifier.model.input
                    return RobustnessEvaluation.judge(classifier).predictions(Tensor(shape, image, in: MemoryPool()))[0]
                }.write(to: place)
                describe(result, place)
            }
            guard communicator.rank == 0, results.count > 1 else { return }
            let joint = JointRobustness(results)
            try joint.write(to: folder, model: name(of: checkpoint))
            print("robust against the union  \(percent(joint.unionAccuracy))")
            print("average  \(percent(joint.averageAccuracy))")
            print("written to \(folder)")
        }
    }

    func percent(_ share: Double) -> String { rounded(100 * share, 2) + " %" }

    private func describe(_ result: RobustnessResult, _ folder: String) {
        for note in result.notes { print("NOTE \(note)") }
        for check in result.checks where !check.ok { print("CHECK FAILED \(check.name): \(rounded(check.value, 4))") }
        let threat = result.threat
        print("\(result.dataset), \(result.samples) images, \(threat.norm.rawValue) radius \(threat.epsilonText)")
        print("clean  \(percent(result.cleanAccuracy))")
        for attack in result.attacks {
            let median =
                attack.medianDistance.map { ", median distance \($0.isFinite ? rounded($0, 4) : "unknown")" } ?? ""
            print("\(attack.name)  \(percent(attack.robustAccuracy))  (\(rounded(attack.seconds, 1)) s)\(median)")
        }
        print("robust against all  \(percent(result.robustAccuracy))")
        for point in result.curve { print("pgd at \(point.epsilon)  \(percent(point.robustAccuracy))") }
        print("written to \(folder)")
    }
}
