import Autodiff
import Kernels
import Layers
import Models

/// The forward passes over one shard that a loss of the logits is made of, and what they leave to log.
public struct ShardPasses {
    /// What the network says of images, recorded.
    public struct Outputs {
        /// What the network was shown, as a variable.
        public let images: Tensor
        /// [B, C]
        public let logits: Tensor
        /// [B, C], the log-softmax of the logits.
        public let logProbabilities: Tensor
    }

    public let shard: LabelledImages
    public let state: ModelState
    public var figures: FigureSums
    let parameters: [Tensor]
    private let mode: ForwardContext.Mode
    /// Of passes under constant parameters.
    private let foldedFilters = FoldedFilters()
    private var known: Outputs?
    private var seen: [[ForwardContext.SeenStatistics?]] = []

    /// `mode` is that of the passes that are recorded.
    public init(_ shard: LabelledImages, _ state: ModelState, parameters: [Tensor], _ mode: ForwardContext.Mode) {
        self.shard = shard
        self.state = state
        self.parameters = parameters
        self.mode = mode
        figures = FigureSums(images: shard.labels.count)
    }

    /// Of the shard's own images: one pass, however many terms ask.
    public mutating func clean() -> Outputs {
        if let known { return known }
        let outputs = outputs(of: shard.images)
        known = outputs
        return outputs
    }

    /// Of images in place of the shard's, through the same parameters.
    public mutating func outputs(of images: Tensor) -> Outputs {
        precondition(images.shape == shard.images.shape, "ShardPasses: \(images.shape) for \(shard.images.shape)")
        var context = state.context(mode, parameters: parameters)
        let images = images.variable
        let logits = state.model(images, &context)
        seen.append(context.seen)
        return Outputs(images: images, logits: logits, logProbabilities: logits.logSoftmax())
    }

    /// Probabilities' logarithms [B, C] under constant parameters; nothing is recorded and no statistics are kept.
    func logProbabilities(of images: Tensor, _ mode: ForwardContext.Mode) -> Tensor {
        var context = state.context(mode, parameters: parameters.map(\.detached), foldedFilters: foldedFilters)
        return state.model(images.detached, &context).logSoftmax()
    }

    /// The gradient of a function of the logits by the images alone; parameters are constants and no statistics are
    /// kept. `cotangent` is given the logits and says what the function's derivative by them is.
    func inputGradient(
        of images: Tensor, _ mode: ForwardContext.Mode, cotangent: (Tensor) -> Tensor
    ) -> Tensor {
        var context = state.context(mode, parameters: parameters.map(\.detached), foldedFilters: foldedFilters)
        return state.inputGradient(of: images, in: &context, cotangent: cotangent).gradient
    }

    /// The sum over images of -log p_y.
    public func crossEntropy(_ outputs: Outputs) -> Tensor {
        -(outputs.logProbabilities * oneHot(shard.labels, outputs.logits)).total()
    }

    var cleanLogits: Tensor? { known?.logits.detached }

    /// What BatchNorm saw, on average over the passes.
    var seenOnAverage: [ForwardContext.SeenStatistics?] {
        guard let first = seen.first, seen.count > 1 else { return seen.first ?? [] }
        let share = 1 / Scalar(seen.count)
        return first.indices.map { layer in
            let passes = seen.compactMap { $0[layer] }
            return first[layer].map { _ in
                .init(mean: sum(passes.map(\.mean)) * share, variance: sum(passes.map(\.variance)) * share)
            }
        }
    }
}

/// The sum of tensors of one shape, at least one.
func sum(_ tensors: [Tensor]) -> Tensor { tensors.dropFirst().reduce(tensors[0]) { $0 + $1 } }

/// Rows of zeros with a one at each label, of the shape of `logits` [B, C].
func oneHot(_ labels: [Int], _ logits: Tensor) -> Tensor {
    let classes = logits.shape[-1]
    return Tensor(logits.shape, in: logits.pool) { out in
        out.update(repeating: 0, count: logits.shape.count)
        for (row, label) in labels.enumerated() { out[row * classes + label] = 1 }
    }
}

/// How many rows of `logits` [B, C] have their largest number at the label and nowhere else.
func correctPredictions(_ logits: Tensor, _ labels: [Int]) -> Int {
    let classes = logits.shape[-1], z = logits.pointer
    return labels.enumerated().count { row, label in
        (0..<classes).allSatisfy { $0 == label || z[row * classes + $0] < z[row * classes + label] }
    }
}
