import Autodiff
import Models

/// Everything that training changes: what a checkpoint has to hold for the next step to be the same.
public final class TrainingState {
    /// Parameters and running statistics.
    public let network: ModelState
    /// With its momentum, or moments.
    public let optimizer: any Optimizer
    /// The exponential average of the parameters, if the run keeps one.
    public let average: Storage?
    /// Steps taken.
    public var step = 0
    /// The best that the monitor has found on held-out images, by the objective's rule.
    public var best: Double?
    /// The weights that the run started from, where they were not drawn.
    public var origin: Origin?
    /// Of the stored target gradients that the run learns from.
    var targetsHash: String?

    /// Weights of another run.
    public struct Origin: Sendable, Equatable {
        public var path: String
        /// Of their numbers.
        public var hash: String
    }

    public init(network: ModelState, optimizer: any Optimizer, average: Storage?) {
        self.network = network
        self.optimizer = optimizer
        self.average = average
    }

    /// The state at the start of a run.
    public convenience init(
        initialising model: Model, _ train: TrainConfiguration, seed: UInt64, in pool: MemoryPool
    ) {
        let state = ModelState(initialising: model, seed: seed, in: pool)
        let average = train.ema.map { _ in
            Tensor([model.parameterCount], in: pool) {
                $0.update(from: state.parameters.pointer, count: model.parameterCount)
            }.storage
        }
        self.init(
            network: state, optimizer: train.optimizer.make(for: model.parameters.map(\.shape), in: pool),
            average: average)
    }

    /// What is evaluated: the average where there is one.
    public var evaluated: Storage { average ?? network.parameters }
}
