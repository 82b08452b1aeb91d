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
        abstract: "Write the model's tensors alone, under PyTorch's state_dict names.")

    @Argument(help: "A checkpoint, or a run directory: its best one, else its newest.")
    var checkpoint: String

    @Argument(help: "The safetensors file to write.")
    var out: String

    @Flag(help: "The averaged parameters instead of the last ones.")
    var ema = false

    func run() throws {
        let named = try NamedCheckpoint(checkpoint)
        for notice in named.notices { print(notice) }
        try Outputs.require(out, .exportedWeights, inputs: [named.path])
        let file = try SafetensorsFile(path: named.path)
        let description = try ModelDescription(from: file)
        let state = try ParameterFiles.network(description, from: file, ema ? .average : .last, in: MemoryPool())
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
        abstract: "Make a checkpoint of PyTorch weights.",
        discussion: "The configuration says what network it is; every tensor of the file has to be one of its, and "
            + "the other way round. Prefixes that all names have, such as `module.`, are taken off, torchvision's "
            + "names understood, and 16- and 64-bit numbers converted.")

    @Argument(help: "Weights in safetensors under PyTorch's names.")
    var weights: String

    @Option(help: "The configuration whose model and data the weights are for.")
    var config: String

    @Option(help: "The checkpoint to write.")
    var out: String

    @Flag(help: "Leave out tensors that the network does not have.")
    var ignoreExtra = false

    @Flag(help: "Leave what the file does not have at its start values.")
    var allowMissing = false

    func run() throws {
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
}
