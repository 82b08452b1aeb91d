import Autodiff
import Kernels
import Layers

/// The numbers of a model: all parameters in one vector in declaration order, and all running statistics in another
/// (mean, then variance, of each BatchNorm). Optimiser, reduction and checkpoint work on the vectors; layers see
/// windows into them.
public final class ModelState {
    /// What the numbers belong to.
    public let model: Model
    /// In the order of declaration.
    public let parameters: Storage
    /// Mean and variance of each BatchNorm in turn.
    public let statistics: Storage
    /// Steps that the running statistics have seen, up to the largest number there is; PyTorch keeps one copy a layer.
    public var batchesTracked = 0

    /// Parameters are zero, running means 0 and variances 1.
    public init(_ model: Model, in pool: MemoryPool) {
        self.model = model
        parameters = Storage(count: model.parameterCount, in: pool)
        statistics = Storage(count: model.statisticsCount, in: pool)
        parameters.pointer.update(repeating: 0, count: parameters.count)
        for (mean, variance, declaration) in Self.places(of: model) {
            (statistics.pointer + mean).update(repeating: 0, count: declaration.channels)
            (statistics.pointer + variance).update(repeating: 1, count: declaration.channels)
        }
    }

    /// Start values: a function of the seed and of nothing else.
    public convenience init(initialising model: Model, seed: UInt64, in pool: MemoryPool) {
        self.init(model, in: pool)
        for (position, (offset, declaration)) in zip(Self.offsets(of: model), model.parameters).enumerated() {
            declaration.initialiser.fill(
                declaration.shape.count, parameters.pointer + offset, seed: seed, position: position)
        }
        for (mean, variance, declaration) in Self.places(of: model) {
            declaration.start?.fill(mean: statistics.pointer + mean, variance: statistics.pointer + variance)
        }
    }

    private static func offsets(of model: Model) -> [Int] {
        model.parameters.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.shape.count) }.dropLast()
    }
    private static func places(of model: Model) -> [(mean: Int, variance: Int, StatisticsDeclaration)] {
        var offset = 0
        return model.statistics.map { declaration in
            defer { offset += 2 * declaration.channels }
            return (offset, offset + declaration.channels, declaration)
        }
    }

    /// A context over windows into a vector of parameters: this state's own unless another (an average, say) is given.
    public func context(_ mode: ForwardContext.Mode, trainable: Bool = false, parameters other: Storage? = nil)
        -> ForwardContext
    {
        let windows = tensors(of: other ?? parameters)
        return context(mode, parameters: trainable ? windows.map(\.variable) : windows)
    }

    /// - Parameter foldedFilters: keeps what is made of parameters that are the same in several inference passes.
    public func context(
        _ mode: ForwardContext.Mode, parameters: [Tensor], foldedFilters: FoldedFilters? = nil
    ) -> ForwardContext {
        let running = Self.places(of: model).map { mean, variance, declaration in
            let channels = declaration.channels
            return ForwardContext.SeenStatistics(
                mean: Tensor(shape: [channels], storage: Storage(window: mean, channels, of: statistics)),
                variance: Tensor(shape: [channels], storage: Storage(window: variance, channels, of: statistics)))
        }
        return ForwardContext(parameters: parameters, running: running, mode: mode, foldedFilters: foldedFilters)
    }

    /// A vector of parameters, cut into tensors by declaration.
    public func tensors(of vector: Storage) -> [Tensor] {
        zip(Self.offsets(of: model), model.parameters).map { offset, declaration in
            Tensor(shape: declaration.shape, storage: Storage(window: offset, declaration.shape.count, of: vector))
        }
    }

    /// The running mean and variance of every BatchNorm, cut from a vector like `statistics`.
    public func runningTensors(of vector: Storage) -> [(mean: Tensor, variance: Tensor)] {
        Self.places(of: model).map { mean, variance, declaration in
            let channels = declaration.channels
            return (
                Tensor(shape: [channels], storage: Storage(window: mean, channels, of: vector)),
                Tensor(shape: [channels], storage: Storage(window: variance, channels, of: vector))
            )
        }
    }

    /// running = (1 - momentum) running + momentum seen, once a step. `seen` is laid out like `statistics`.
    public func commit(seen: Source) {
        let momentum = BatchNorm2d.momentum, running = statistics.pointer
        for i in 0..<statistics.count { running[i] += momentum * (seen[i] - running[i]) }
        // It comes out of files, which may claim any number.
        batchesTracked = max(batchesTracked, batchesTracked &+ 1)
    }
}
