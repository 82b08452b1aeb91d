import Autodiff
import Kernels
import Layers
import Models

/// What a run minimises: all that `TrainingStep` knows of it.
public protocol Objective: Sendable {
    /// All that it says of a step, the same at every moment of a run.
    var figures: [StepFigure] { get }
    /// Whether what BatchNorm saw in the shards becomes part of the running statistics.
    var commitsStatistics: Bool { get }

    /// Loss and gradients of one shard. The loss is divided by `batch`, the number of images of the whole step, so that
    /// shards add up. `parameters` are the state's own, cut once a step so that its shards share what is prepared from
    /// them; nil to cut them here. Each d loss / d parameter is handed to `receive`, with the parameter's number in
    /// declaration order, as soon as it is final: the last layers' first. What is not finite is handed on as it is: the
    /// step looks for it.
    func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]?, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> ShardResult
}

extension Objective {
    /// The same, with all gradients at the end, in declaration order.
    public func evaluate(
        _ shard: LabelledImages, _ state: ModelState, batch: Int
    ) -> (result: ShardResult, gradients: [Tensor]) {
        var gradients: [Int: Tensor] = [:]
        let result = evaluate(shard, state, parameters: nil, batch: batch) { gradients[$0] = $1 }
        return (result, gradients.sorted { $0.key < $1.key }.map(\.value))
    }
}

/// What an objective says of one shard.
public struct ShardResult {
    /// The shard's part of the mean over the batch.
    public var loss: Scalar
    /// Of those that the objective declares.
    public var figures: FigureSums
    /// What each BatchNorm saw, where the objective lets it see batches.
    public var seen: [ForwardContext.SeenStatistics?]
    /// [B, C], of the shard's own images, where they went through the network.
    public var logits: Tensor?
    /// [K, B, H, W, C], where the alignment term was computed.
    public var inputGradients: Tensor?

    public init(
        loss: Scalar, figures: FigureSums, seen: [ForwardContext.SeenStatistics?], logits: Tensor? = nil,
        inputGradients: Tensor? = nil
    ) {
        self.loss = loss
        self.figures = figures
        self.seen = seen
        self.logits = logits
        self.inputGradients = inputGradients
    }
}
