import Autodiff
import Configuration
import Kernels

/// The settings of an optimiser and how it is made. A new one is one file and one line in `optimizers`.
public protocol OptimizerConfiguration: Configurable {
    /// The learning rate that the schedule's factor applies to.
    var lr: Double { get }
    /// An optimiser of parameters of such shapes, in declaration order, with its state at the start.
    func make(for shapes: [Shape], in pool: MemoryPool) -> any Optimizer
}

/// Moves a flat vector of parameters along its gradient.
public protocol Optimizer {
    /// One update, in place, at the given learning rate. `step` counts from 0.
    func update(_ parameters: Destination, gradient: Source, rate: Double, step: Int)
    /// The vectors that a checkpoint has to keep, each as long as the parameters.
    var state: [(name: String, vector: Storage)] { get }
}
