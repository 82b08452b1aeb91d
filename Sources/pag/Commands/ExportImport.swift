import ArgumentParser
import Autodiff
import Checkpoints
import Configuration
import Data
import Failures
import Formats
import Models
import Training

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the model alone: its tensors under PyTorch's state_dict names, or an ONNX network.",
        discussion:
            "OUT.onnx takes images [batch, C, H, W] in [0, 1], the normalisation inside, and gives logits. OUT of "
            + "any other name is safetensors.")

    @Argument(help: "A checkpoint, or a run directory: its best one, else its newest.")
    var checkpoint: String

    @Argument(help: "The file to write, safetensors or .onnx.")
    var out: String

    @Flag(help: "The averaged parameters instead of the last ones.")
    var ema = false

    func run() throws {
        let named = try NamedCheckpoint(checkpoint)
        for notice in named.notices { print(notice) }
        let isNetwork = out.hasSuffix(".onnx")
        try Outputs.require(out, isNetwork ? .exportedNetwork : .exportedWeights, inputs: [named.path])
        let file = try SafetensorsFile(path: named.path)
        let description = try ModelDescription(from: file)
        let state = try ParameterFiles.network(description, from: file, ema ? .average : .last, in: MemoryPool())
        guard !isNetwork else {
            try AtomicFile.write(try ParameterFiles.onnx(of: state, path: out), to: out)
            return print("\(out): \(state.model.parameterCount) parameters")
        }
        let normalisation = state.model.normalisation
        let normalize: JSONValue = ["mean": JSONValue(normalisation.mean), "std": JSONValue(normalisation.deviation)]
        try SafetensorsWriter.write(
            to: out, metadata: ["format": "pt", "normalize": normalize.text()],
            tensors: ParameterFiles.tensors(state.parameters, of: state) + ParameterFiles.statistics(of: state))
        print("\(out): \(state.model.parameterCount) parameters")
    }
}

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a checkpoint of PyTorch weights, or of an ONNX network.",
        discussion: "For weights, the configuration says what network it is; every tensor of the file has to be one of "
            + "its, and the other way round. Prefixes that all names have, such as `module.`, are taken off, "
            + "torchvision's names understood, and 16- and 64-bit numbers converted. An ONNX file says itself what "
            + "network it is: it takes --data instead, and what the network wants of images by --normalize.")

    @Argument(help: "Weights in safetensors under PyTorch's names, or FILE.onnx.")
    var weights: String

    @Option(help: "The configuration whose model and data the weights are for.")
    var config: String?

    @Option(help: "The data that an ONNX network is for.")
    var data: String?

    @OptionGroup var normalisation: NormalisationOption

    @Option(help: "The checkpoint to write.")
    var out: String

    @Flag(help: "Leave out tensors that the network does not have.")
    var ignoreExtra = false

    @Flag(help: "Leave what the file does not have at its start values.")
    var allowMissing = false

    func run() throws {
        if weights.hasSuffix(".onnx") { return try importNetwork() }
        guard let config else { throw Failure(.usage, "weights need --config: it says what network they are of") }
        guard data == nil, normalisation.normalize == nil else {
            throw Failure(.usage, "--data and --normalize are for ONNX files: here the configuration says them")
        }
        var configuration: RunConfiguration = try Configuration.read(file: config)
        let file = try SafetensorsFile(path: weights)
        try Outputs.require(out, .importedCheckpoint, inputs: [weights, config])
        let data = try configuration.openData(), shape = data.train.shape
        configuration.model.inChannels = shape.channels
        configuration.model.normalize =
            configuration.model.normalize ?? configuration.loss.kind.standardNormalisation(data.splits)
        var description = ModelDescription(
            configuration: configuration.model, input: [shape.height, shape.width, shape.channels],
            classes: data.train.classNames.count)
        let foreign = try ForeignWeights(
            file, for: description.model(), ignoresExtra: ignoreExtra, allowsMissing: allowMissing)
        if let normalisation = foreign.normalisation {
            configuration.model.normalize = normalisation
            description.configuration.normalize = normalisation
        }
        let state = TrainingState(
            initialising: try description.model(), configuration.train, seed: configuration.seed, in: MemoryPool())
        try foreign.load(state.network.parameters, of: state.network)
        try foreign.loadStatistics(of: state.network)
        try ParameterFiles.requireSound(state.network, of: weights)
        if let average = state.average { try foreign.load(average, of: state.network) }
        for remark in foreign.remarks { print("\(weights): \(remark)") }
        try TrainingCheckpoint.write(state, to: out, configuration, description: description, data: data)
        print("\(out): \(state.network.model.parameterCount) parameters")
    }

    private func importNetwork() throws {
        guard config == nil, !ignoreExtra, !allowMissing else {
            throw Failure(.usage, "an ONNX file says itself what network it is: --config and the flags are for weights")
        }
        guard let spec = data else { throw Failure(.usage, "an ONNX network needs --data: the images that it is for") }
        try Outputs.require(out, .importedCheckpoint, inputs: [weights])
        var configuration = RunConfiguration(), network = ONNXNetwork()
        network.path = weights
        configuration.data.dataset = spec
        configuration.model.architecture = network
        let data = try configuration.openDataAndFitBatch(), shape = data.train.shape, channels = shape.channels
        configuration.model.inChannels = channels
        configuration.model.normalize =
            try normalisation.normalize.map {
                try ModelConfiguration.Normalize(commandLine: $0)
            } ?? .init(mean: Array(repeating: 0, count: channels), std: Array(repeating: 1, count: channels))
        var description = ModelDescription(
            configuration: configuration.model, input: [shape.height, shape.width, channels],
            classes: data.train.classNames.count)
        let model = try description.model()
        description.structure = model.structure
        let state = TrainingState(initialising: model, configuration.train, seed: 0, in: MemoryPool())
        try ParameterFiles.requireSound(state.network, of: weights)
        try TrainingCheckpoint.write(state, to: out, configuration, description: description, data: data)
        print("\(out): \(model.parameterCount) parameters")
    }
}
