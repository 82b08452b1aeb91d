import ArgumentParser
import Autodiff
import Checkpoints
import Data
import Distributed
import Failures
import Formats
import Kernels
import Models
import Training

/// A classifier as commands are given it: a checkpoint, or a network of another program in an ONNX file.
struct ClassifierFile {
    let path: String
    /// Nil for an ONNX file.
    private let checkpoint: SafetensorsFile?
    private let normalize: ModelConfiguration.Normalize?

    /// - Parameter normalize: for ONNX files alone, as `NormalisationOption` has it.
    init(_ path: String, normalize: String?) throws {
        self.path = path
        checkpoint = path.hasSuffix(".onnx") ? nil : try SafetensorsFile(path: path)
        self.normalize = try normalize.map { try ModelConfiguration.Normalize(commandLine: $0) }
        guard normalize == nil || checkpoint == nil else {
            throw Failure(.usage, "\(path) says itself what it subtracts and divides by: --normalize is for ONNX files")
        }
    }

    /// The data that a command takes.
    func selection(_ options: DataOptions) throws -> DataSelection { try DataSelection(of: checkpoint, path, options) }

    /// Throws `badInput` for what is no checkpoint of a classifier, and no network that classifies such images.
    /// - Parameter preparation: what images go through before the network.
    func classifier(
        for images: any Dataset, ema: Bool = false, products: ProductPrecision = .float32,
        preparation: @escaping (Tensor) -> Tensor = { $0 }
    ) throws -> Classifier {
        let pool = MemoryPool(for: Execution(products: products))
        let state: ModelState
        if let checkpoint {
            state = try ParameterFiles.network(
                try ModelDescription(from: checkpoint), from: checkpoint, ema ? .average : .last, in: pool)
            guard !state.model.predictsNoise else {
                throw Failure.badInput(path, "is a denoiser, expected a classifier")
            }
        } else {
            guard !ema else { throw Failure(.usage, "\(path) has no averaged parameters: --ema is for checkpoints") }
            var network = ONNXNetwork(), configuration = ModelConfiguration()
            network.path = path
            configuration.architecture = network
            configuration.normalize = normalize
            let model = try configuration.model(
                input: [images.shape.height, images.shape.width, images.shape.channels],
                classes: images.classNames.count)
            state = ModelState(initialising: model, seed: 0, in: pool)
            try ParameterFiles.requireSound(state, of: path)
        }
        return Classifier(state, preparation: preparation)
    }
}

/// A classifier and the data whose test images it is shown, as commands are asked for them.
struct ClassifierArguments: ParsableArguments {
    @Argument(help: "A checkpoint, a run directory (its best one by held-out images, else its newest), or FILE.onnx.")
    var model: String

    @OptionGroup var images: DataOptions

    @OptionGroup var normalisation: NormalisationOption

    /// Opens both, where all ranks have agreed on the file. Collective; throws where ranks see other data.
    /// - Parameters:
    ///   - path: what `agreedFiles` has made of `model`.
    ///   - directory: what is written, as `requireOneJob` wants it.
    func open(
        _ path: String, of files: InputFiles, products: ProductPrecision = .float32,
        writing directory: (path: String, name: String, option: String), over communicator: any Communicator
    ) throws -> (network: ClassifierFile, splits: DatasetSplits) {
        try requireOneJob(files: files, products: products, directory: directory, over: communicator)
        let network = try ClassifierFile(path, normalize: normalisation.normalize)
        let splits = try DatasetRegistry.open(network.selection(images)) { communicator.heartbeat.beat() }
        try requireSameData(splits, over: communicator)
        return (network, splits)
    }
}

/// What an ONNX network wants of images that is not in its file.
struct NormalisationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What an ONNX network's images are made of those in [0, 1]: means, a slash, deviations, one a channel.",
            valueName: "means/deviations"))
    var normalize: String?
}

extension ModelConfiguration.Normalize {
    /// From a user's words, such as `0.5,0.5,0.5/0.2,0.2,0.2`. Throws `usage`.
    init(commandLine text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
        }
        guard parts.count == 2, parts[0].count == parts[1].count, parts.joined().allSatisfy(\.isFinite),
            parts[1].allSatisfy({ $0 > 0 })
        else {
            throw Failure(
                .usage,
                "normalize \(text.quoted), expected means and positive deviations, such as 0.5,0.5,0.5/0.2,0.2,0.2")
        }
        self.init(mean: parts[0], std: parts[1])
    }
}
