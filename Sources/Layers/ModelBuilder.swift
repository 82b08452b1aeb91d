import Autodiff

/// Collects what layers declare while a model is put together. The order of declaration is the only order there is:
/// of initialisation, of checkpoints, of the flat parameter vector and of its reduction.
public struct ModelBuilder {
    /// Declared so far.
    public private(set) var parameters: [ParameterDeclaration] = []
    /// Declared so far.
    public private(set) var statistics: [StatisticsDeclaration] = []
    private var path: [String] = []

    /// Nothing is declared yet.
    public init() {}

    private func qualified(_ name: String) -> String { (path + [name]).joined(separator: ".") }

    /// Runs `body` with every declared name prefixed by `name` and a dot.
    public mutating func scope<Result>(_ name: String, _ body: (inout ModelBuilder) -> Result) -> Result {
        path.append(name)
        defer { path.removeLast() }
        return body(&self)
    }

    /// Declares a parameter under the scopes' names; no other may have the same name.
    public mutating func parameter(
        _ name: String, _ shape: Shape, layout: FileLayout = .asInMemory, _ initialiser: Initialiser
    ) -> ParameterSlot {
        let name = qualified(name)
        precondition(!parameters.contains { $0.name == name }, "ModelBuilder: two parameters named \(name)")
        parameters.append(ParameterDeclaration(name: name, shape: shape, layout: layout, initialiser: initialiser))
        return ParameterSlot(index: parameters.count - 1)
    }

    /// Declares a BatchNorm's running mean and variance.
    public mutating func runningStatistics(channels: Int) -> StatisticsSlot {
        runningStatistics(
            mean: "running_mean", variance: "running_var", counter: "num_batches_tracked", channels: channels)
    }

    /// The same under other names.
    /// - Parameter start: nil: 0 and 1.
    public mutating func runningStatistics(
        mean: String, variance: String, counter: String, channels: Int, start: StatisticsDeclaration.Start? = nil
    ) -> StatisticsSlot {
        statistics.append(
            StatisticsDeclaration(
                meanName: qualified(mean), varianceName: qualified(variance), counterName: qualified(counter),
                channels: channels, start: start))
        return StatisticsSlot(index: statistics.count - 1)
    }
}
