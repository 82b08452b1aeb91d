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
        let state = ModelState(try description.model(), in: MemoryPool())
        try ParameterFiles.load(
            state.parameters, of: state, from: file, prefix: ParameterFiles.prefix(average: ema, of: file))
        try ParameterFiles.loadStatistics(of: state, from: file)
        try ParameterFiles.requireSound(state, of: file.path)
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
        discussion: "Prefixes `module.` and `model.` are taken off. The configuration says what network it is.")

    @Argument(help: "Weights in safetensors under PyTorch's names.")
    var weights: String

    @Option(help: "The configuration whose model and data the weights are for.")
    var config: String

    @Option(help: "The checkpoint to write.")
    var out: String

    func run() throws {
        var configuration: RunConfiguration = try Configuration.read(file: config)
        let file = try SafetensorsFile(path: weights)
        try Outputs.require(out, .importedCheckpoint, inputs: [weights, config])
        let data = try TrainingData(configuration), shape = data.train.shape
        configuration.model.inChannels = shape.channels
        configuration.model.normalize =
            try ParameterFiles.normalisation(of: file) ?? configuration.model.normalize
            ?? configuration.standardNormalisation(data.splits)
        let description = ModelDescription(
            configuration: configuration.model, input: [shape.height, shape.width, shape.channels],
            classes: data.train.classNames.count)
        let state = TrainingState(initialising: try description.model(), configuration, in: MemoryPool())
        let prefix = try ParameterFiles.prefix(in: file, of: state.model)
        try ParameterFiles.load(state.model.parameters, of: state.model, from: file, prefix: prefix)
        try ParameterFiles.loadStatistics(of: state.model, from: file, prefix: prefix)
        try ParameterFiles.requireSound(state.model, of: weights)
        if let average = state.average {
            try ParameterFiles.load(average, of: state.model, from: file, prefix: prefix)
        }
        try TrainingCheckpoint.write(state, to: out, configuration, description: description, data: data)
        print("\(out): \(state.model.model.parameterCount) parameters")
    }
}
