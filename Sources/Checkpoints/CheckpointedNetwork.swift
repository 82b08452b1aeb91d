import Autodiff
import Failures
import Formats
import Models

extension ParameterFiles {
    /// Which of a checkpoint's parameters are wanted.
    public enum Choice: Sendable {
        case last, average
        /// The average where there is one.
        case evaluated
    }

    /// The network that a checkpoint of pag's describes, with its numbers. Throws `badInput` naming a tensor that is
    /// missing, has another shape or type, or is of no layer: before there is any memory for them, since a description
    /// may claim any size.
    public static func network(
        _ description: ModelDescription, from file: SafetensorsFile, _ choice: Choice = .last, in pool: MemoryPool
    ) throws -> ModelState {
        let model = try description.model()
        let isAverage = choice == .average || choice == .evaluated && hasAverage(file)
        let prefix = try prefix(average: isAverage, of: file)
        try check(model, in: file) { prefix + $0 }
        try requireKnown(file, names(of: model), or: isBesideTheNetwork)
        let state = ModelState(model, in: pool)
        try load(state.parameters, of: state, from: file, prefix: prefix)
        try loadStatistics(of: state, from: file)
        try requireSound(state, of: file.path)
        return state
    }

    /// What files call all parameters and statistics of a network.
    public static func names(of model: Model) -> Set<String> {
        Set(model.parameters.map(\.name) + model.statistics.flatMap { [$0.meanName, $0.varianceName, $0.counterName] })
    }

    /// Throws `badInput` naming tensors that are neither in `names` nor known otherwise: a file of another network may
    /// have all that this one needs.
    public static func requireKnown(
        _ file: SafetensorsFile, _ names: Set<String>, or isKnown: (String) -> Bool = { _ in false }
    ) throws {
        let strangers = file.entries.map(\.name).filter { !names.contains($0) && !isKnown($0) }
        guard !strangers.isEmpty else { return }
        throw Failure.badInput(
            file.path,
            "holds \(strangers.count) tensors that the network does not have: \(TensorNames.list(strangers))")
    }
}
