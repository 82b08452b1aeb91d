import Autodiff
import Checkpoints
import Configuration
import Failures
import Formats
import Models

/// The weights of another run's checkpoint, from which a new run starts instead of from random ones: schedule, loss and
/// data may be others, the network must be the same.
public struct WarmStart {
    public var path: String { file.path }
    private let file: SafetensorsFile
    private let description: ModelDescription
    private let average: Bool

    /// - Parameter average: take the averaged parameters. Throws `badInput` where there are none.
    public init(path: String, average: Bool) throws {
        file = try SafetensorsFile(path: path)
        description = try ModelDescription(from: file)
        self.average = average
        _ = try ParameterFiles.prefix(average: average, of: file)
    }

    /// What the network was trained to see its images through, nil for other images.
    func normalize(channels: Int) -> ModelConfiguration.Normalize? {
        description.configuration.normalize.flatMap { $0.mean.count == channels ? $0 : nil }
    }

    /// Fills a state that nothing has changed yet. Throws `badInput` where the file is of another network.
    func load(_ state: TrainingState, as wanted: ModelDescription) throws {
        guard description.classes == wanted.classes else {
            throw Failure.badInput(
                file.path, "is for \(description.classes) classes", expected: "the \(wanted.classes) of the data")
        }
        let (theirs, own) = (try Self.lines(description), try Self.lines(wanted))
        if let difference = zip(theirs, own).first(where: { $0 != $1 }) {
            throw Failure.badInput(
                file.path, "is of another network (\"\(difference.0.trimmed())\" in model)",
                expected: "\"\(difference.1.trimmed())\" as in the configuration")
        }
        try ParameterFiles.check(state.network.model, in: file)
        try ParameterFiles.load(
            state.network.parameters, of: state.network, from: file,
            prefix: try ParameterFiles.prefix(average: average, of: file))
        try ParameterFiles.loadStatistics(of: state.network, from: file)
        try ParameterFiles.requireSound(state.network, of: file.path)
        state.average?.pointer.update(from: state.network.parameters.pointer, count: state.network.parameters.count)
        let hash = try ParameterFiles.parameterHash(of: file, withAverage: average)
        state.origin = TrainingState.Origin(path: file.path, hash: average ? "ema \(hash)" : hash)
    }

    /// Of the architecture alone: what its images look like is for `load` to see from the shapes.
    private static func lines(_ description: ModelDescription) throws -> [Substring] {
        var configuration = description.configuration
        configuration.normalize = nil
        configuration.inChannels = nil
        return try Configuration.canonicalText(of: configuration).split(separator: "\n")
    }
}
