import Autodiff

/// One forward pass: the numbers of the parameters, how BatchNorm behaves, and the batch statistics it saw.
public struct ForwardContext {
    /// Which statistics BatchNorm uses.
    public enum Mode: Sendable {
        /// Batch statistics, which are reported in `seen`.
        case training
        /// Running statistics.
        case inference
    }

    /// Mean and variance (with n - 1) of one BatchNorm over one batch, shape [channels].
    public struct SeenStatistics: Sendable {
        /// [channels]
        public let mean: Tensor
        /// [channels]
        public let variance: Tensor
        /// Two tensors of as many channels.
        public init(mean: Tensor, variance: Tensor) {
            self.mean = mean
            self.variance = variance
        }
    }

    /// Of this pass.
    public let mode: Mode
    /// Where constant parameters' folded forms are kept; nil to fold nothing, as for parameters that change at once.
    let foldedFilters: FoldedFilters?
    /// What a denoising network is told beside the noisy images; nil for any other.
    public var conditioning: Conditioning?
    private let parameters: [Tensor]
    private let running: [SeenStatistics]
    /// By declaration; filled in training mode. Nothing is committed here: the training step does that once.
    public private(set) var seen: [SeenStatistics?]

    /// `parameters` and `running` are in the order of their declaration.
    public init(
        parameters: [Tensor], running: [SeenStatistics], mode: Mode, foldedFilters: FoldedFilters? = nil
    ) {
        self.parameters = parameters
        self.running = running
        self.mode = mode
        self.foldedFilters = foldedFilters
        seen = Array(repeating: nil, count: running.count)
    }

    /// The parameter that a layer declared.
    public subscript(slot: ParameterSlot) -> Tensor { parameters[slot.index] }
    /// The running mean and variance of a BatchNorm.
    public func running(_ slot: StatisticsSlot) -> SeenStatistics { running[slot.index] }
    /// Notes what a BatchNorm saw of this batch.
    public mutating func record(_ statistics: SeenStatistics, _ slot: StatisticsSlot) { seen[slot.index] = statistics }
}
