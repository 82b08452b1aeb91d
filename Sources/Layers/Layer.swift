import Autodiff

/// A part of a network: a value that knows its sizes and where its parameters stand, not their numbers.
public protocol Layer: Sendable {
    func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor
}

/// One forward pass: the numbers of the parameters, how BatchNorm behaves, and the batch statistics it saw.
public struct ForwardContext {
    public enum Mode: Sendable {
        /// Batch statistics, which are reported in `seen`.
        case training
        /// Running statistics.
        case inference
    }

    /// Mean and variance (with n - 1) of one BatchNorm over one batch, shape [channels].
    public struct SeenStatistics: Sendable {
        public let mean: Tensor
        public let variance: Tensor
        public init(mean: Tensor, variance: Tensor) {
            self.mean = mean
            self.variance = variance
        }
    }

    public let mode: Mode
    /// Where constant parameters' folded forms are kept; nil to fold nothing, as for parameters that change at once.
    let foldedFilters: FoldedFilters?
    /// What a denoising network is told beside the noisy images; nil for any other.
    public var conditioning: Conditioning?
    private let parameters: [Tensor]
    private let running: [SeenStatistics]
    /// By declaration; filled in training mode. Nothing is committed here: the training step does that once.
    public private(set) var seen: [SeenStatistics?]

    public init(
        parameters: [Tensor], running: [SeenStatistics], mode: Mode, foldedFilters: FoldedFilters? = nil
    ) {
        self.parameters = parameters
        self.running = running
        self.mode = mode
        self.foldedFilters = foldedFilters
        seen = Array(repeating: nil, count: running.count)
    }

    public subscript(slot: ParameterSlot) -> Tensor { parameters[slot.index] }
    public func running(_ slot: StatisticsSlot) -> SeenStatistics { running[slot.index] }
    public mutating func record(_ statistics: SeenStatistics, _ slot: StatisticsSlot) { seen[slot.index] = statistics }
}

/// Layers one after the other.
public struct Sequence: Layer {
    let layers: [any Layer]
    public init(_ layers: [any Layer]) { self.layers = layers }
    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor {
        layers.reduce(x) { $1($0, &context) }
    }
}
