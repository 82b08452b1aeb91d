import Autodiff
import Kernels
import Layers
import Models

/// Which function of the logits the input gradients are of.
public enum GradientOf: String, Sendable, CaseIterable {
    case logit, logprob
}

/// What BatchNorm's statistics are in the input gradient. `eval` runs the whole step on running statistics and leaves
/// them alone; the others are `BatchStatistics`.
public enum StatisticsMode: String, Sendable, CaseIterable {
    case frozen
    case perClass = "per-class"
    case repeated
    case eval

    var inInputGradient: BatchStatistics {
        switch self {
        case .frozen, .eval: .frozen
        case .perClass: .perClass
        case .repeated: .repeated
        }
    }
}

/// L = base(x, y) + weight * sum over classes t of (1 - cos(grad_x z_t(x), g(x, t))), averaged over the batch, with z
/// the logits or their log-softmax (Ganz, Kawar, Elad 2023, where the base is the cross-entropy). With k of C classes an
/// image the sum is scaled by C / k. Where a shard has no targets the base stands alone.
public struct AlignmentObjective: Objective {
    public var weight: Double
    public var gradient: GradientOf
    public var statistics: StatisticsMode
    /// Classes whose second-order graph is held at one time; nil for all. Bounds memory, costs one more backward pass
    /// through the shared forward graph a chunk.
    public var classChunk: Int?
    public var base: any ClassificationLoss

    public init(
        weight: Double, gradient: GradientOf, statistics: StatisticsMode, classChunk: Int? = nil,
        base: any ClassificationLoss = Vanilla()
    ) {
        self.weight = weight
        self.gradient = gradient
        self.statistics = statistics
        self.classChunk = classChunk
        self.base = base
    }

    public var commitsStatistics: Bool { statistics != .eval }

    public typealias Result = ShardResult

    public func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]? = nil, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> Result {
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var passes = ShardPasses(shard, state, parameters: parameters, statistics == .eval ? .inference : .training)
        let baseLoss = base(&passes)
        let clean = shard.targets.map { _ in passes.clean() }
        let perImage = 1 / Scalar(batch)

        var result = Result(
            loss: baseLoss.item * perImage, parts: passes.parts, seen: passes.seenOnAverage, logits: passes.cleanLogits)
        guard let targets = shard.targets, let clean else {
            try deliverGradients(of: baseLoss * perImage, with: parameters, releasing: true, to: receive)
            return result
        }
        let z = gradient == .logit ? clean.logits : clean.logProbabilities
        let classCount = shard.classes.count
        // Statistics that couple the classes need them all in one pass.
        let chunk = statistics == .repeated ? classCount : min(classCount, classChunk ?? classCount)
        let scale = Scalar(state.model.classes) / Scalar(classCount)
        var inputGradients: [Tensor] = [], earlier: [Tensor]?
        for start in stride(from: 0, to: classCount, by: chunk) {
            let range = start..<min(classCount, start + chunk)
            let inputGradient =
                sharesReference(shard, chunk: chunk, classes: state.model.classes)
                ? logProbabilityGradients(clean)
                : gradients(
                    of: z, seed: seed(for: Array(shard.classes[range]), z), with: [clean.images], recording: true,
                    statistics: statistics.inInputGradient)[0]
            let similarity = CosineSimilarity(inputGradient, targets.rows(range))
            let distance = (-similarity.cosines + 1).total() * scale
            var loss = distance * (Scalar(weight) * perImage)
            if start == 0 { loss = loss + baseLoss * perImage }
            if range.upperBound < classCount {
                let parts = gradients(of: loss, with: parameters)
                earlier = earlier.map { zip($0, parts).map { $0 + $1 } } ?? parts
            } else {
                try deliverGradients(of: loss, with: parameters, releasing: true) { index, last in
                    try receive(index, earlier.map { $0[index] + last } ?? last)
                }
            }
            result.loss += distance.item * (Scalar(weight) * perImage)
            result.parts.add(distance: distance.item, similarity)
            inputGradients.append(inputGradient.detached)
        }
        result.inputGradients = stacked(inputGradients)
        return result
    }

    /// Whether the gradients of all classes can be had from one stream less. The streams must not be coupled by
    /// statistics, and row t must be of class t.
    private func sharesReference(_ shard: LabelledImages, chunk: Int, classes: Int) -> Bool {
        let isPerImage = statistics == .frozen || statistics == .eval
        return gradient == .logprob && isPerImage && chunk == classes && shard.classes.count == classes
            && shard.classes.enumerated().allSatisfy { row, classes in classes.allSatisfy { $0 == row } }
    }

    /// grad log p_t for all classes t, [C, B, H, W, channels], from C - 1 streams: the probabilities' weighted sum of the
    /// gradients is zero, so with D_t = grad (z_t - z_last), which is 0 for the last class, grad log p_t is
    /// D_t - sum over k of p_k D_k.
    private func logProbabilityGradients(_ clean: ShardPasses.Outputs) -> Tensor {
        let logits = clean.logits
        let batch = logits.shape[0], classes = logits.shape[1], streams = classes - 1
        let seed = Tensor([streams, batch, classes], in: logits.pool) { out in
            out.update(repeating: 0, count: streams * batch * classes)
            for row in 0..<(streams * batch) {
                out[row * classes + row / batch] = 1
                out[row * classes + streams] = -1
            }
        }
        let differences = gradients(
            of: logits, seed: seed, with: [clean.images], recording: true, statistics: statistics.inInputGradient)[0]
        let probabilities = clean.logProbabilities.exponential().sliced(0..<streams, axis: -1)
            .transposed(-2, -1).reshaped([streams, batch, 1, 1, 1])
        let mean = (differences * probabilities).sum(-5)
        return differences.embedded(at: 0, of: classes, axis: -5) - mean
    }

    /// One-hot rows [K, B, C]: the cotangents whose pullbacks are the gradients of each image's chosen classes.
    private func seed(for classes: [[Int]], _ z: Tensor) -> Tensor {
        let rows = classes.map { oneHot($0, z) }
        return Tensor([rows.count] + z.shape, in: z.pool) { out in
            for (k, row) in rows.enumerated() {
                (out + k * z.shape.count).update(from: row.pointer, count: z.shape.count)
            }
        }
    }

    private func stacked(_ chunks: [Tensor]) -> Tensor? {
        guard chunks.count > 1, let first = chunks.first else { return chunks.first }
        let rows = chunks.reduce(0) { $0 + $1.shape[0] }
        return Tensor([rows] + first.shape.dropFirst(), in: first.pool) { out in
            var to = out
            for chunk in chunks {
                to.update(from: chunk.pointer, count: chunk.shape.count)
                to += chunk.shape.count
            }
        }
    }
}
