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
    /// Classes whose gradients are differentiated at one time; nil for as many as `memory` allows and is fastest.
    public var classChunk: Int?
    /// Bytes for the graphs of the input gradients of one shard.
    public var memory: Int
    public var base: any ClassificationLoss

    public init(
        weight: Double, gradient: GradientOf, statistics: StatisticsMode, classChunk: Int? = nil,
        memory: Int = 1 << 30, base: any ClassificationLoss = Vanilla()
    ) {
        self.weight = weight
        self.gradient = gradient
        self.statistics = statistics
        self.classChunk = classChunk
        self.memory = memory
        self.base = base
    }

    public var commitsStatistics: Bool { statistics != .eval }

    public func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]? = nil, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> ShardResult {
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var passes = ShardPasses(shard, state, parameters: parameters, statistics == .eval ? .inference : .training)
        let baseLoss = base(&passes)
        let clean = shard.targets.map { _ in passes.clean() }
        let perImage = 1 / Scalar(batch)

        var result = ShardResult(
            loss: baseLoss.item * perImage, parts: passes.parts, seen: passes.seenOnAverage, logits: passes.cleanLogits)
        guard let targets = shard.targets, let clean else {
            try deliverGradients(of: baseLoss * perImage, with: parameters, releasing: true, to: receive)
            return result
        }
        // All chunks of the term need the clean pass, which the base need not have seen.
        let shared = SharedGraph(of: baseLoss * perImage, sharing: [clean.logProbabilities], with: parameters)
        let classCount = shard.classes.count
        let scale = Scalar(state.model.classes) / Scalar(classCount)
        var rows: [Tensor] = []
        /// The term over some rows of input gradients, which it writes down.
        func term(_ inputGradients: Tensor, _ range: Range<Int>) -> Tensor {
            let similarity = CosineSimilarity(inputGradients, targets.rows(range))
            let distance = (-similarity.cosines + 1).total() * scale
            result.loss += distance.item * (Scalar(weight) * perImage)
            result.parts.add(distance: distance.item, similarity)
            rows.append(inputGradients.detached)
            return distance * (Scalar(weight) * perImage)
        }
        let plan = StreamPlan(
            classes: classCount, isCoupled: statistics == .repeated,
            canShareReference: canShareReference(shard, classes: state.model.classes), given: classChunk,
            activations: clean.logits.bytesKept, parameters: state.parameters.count * MemoryLayout<Scalar>.stride,
            budget: memory)
        // What follows works with other filters, or with the same ones in other forms, until the end.
        let pool = shard.images.pool
        pool.forgetPreparedFilters(keepingNew: !plan.isOnePass)
        defer { pool.forgetPreparedFilters() }
        if plan.sharesReference {
            var differences = logitDifferences(clean, chunk: plan.chunk)
            let variables = differences.map(\.variable)
            let inputGradients = logProbabilityGradients(of: variables, clean)
            var cotangents = shared.gather(from: term(inputGradients, 0..<classCount), others: variables)[...]
            pool.forgetPreparedFilters(keepingNew: !plan.isOnePass)
            while !differences.isEmpty { shared.gather(from: differences.removeFirst(), seed: cotangents.removeFirst()) }
        } else {
            let z = gradient == .logit ? clean.logits : clean.logProbabilities
            for start in stride(from: 0, to: classCount, by: plan.chunk) {
                let range = start..<min(classCount, start + plan.chunk)
                let inputGradients = gradients(
                    of: z, seed: seed(for: Array(shard.classes[range]), z), with: [clean.images], recording: true,
                    statistics: statistics.inInputGradient)[0]
                shared.gather(from: term(inputGradients, range))
            }
        }
        pool.forgetPreparedFilters(keepingNew: false)
        try shared.deliver(to: receive)
        result.inputGradients = stacked(rows)
        return result
    }

    /// Whether the gradients of all log-probabilities can be had from one stream less. The streams must not be coupled
    /// by statistics, and row t must be of class t.
    private func canShareReference(_ shard: LabelledImages, classes: Int) -> Bool {
        let isPerImage = statistics == .frozen || statistics == .eval
        return gradient == .logprob && isPerImage && shard.classes.count == classes
            && shard.classes.enumerated().allSatisfy { row, classes in classes.allSatisfy { $0 == row } }
    }

    /// D_t = grad (z_t - z_last) for all classes t but the last, recorded, `chunk` classes at a time:
    /// [chunk, B, H, W, channels].
    private func logitDifferences(_ clean: ShardPasses.Outputs, chunk: Int) -> [Tensor] {
        let logits = clean.logits
        let batch = logits.shape[0], classes = logits.shape[1], last = classes - 1
        return stride(from: 0, to: last, by: chunk).map { start in
            let count = min(chunk, last - start)
            let seed = Tensor([count, batch, classes], in: logits.pool) { out in
                out.update(repeating: 0, count: count * batch * classes)
                for row in 0..<(count * batch) {
                    out[row * classes + start + row / batch] = 1
                    out[row * classes + last] = -1
                }
            }
            return gradients(
                of: logits, seed: seed, with: [clean.images], recording: true, statistics: statistics.inInputGradient)[0]
        }
    }

    /// grad log p_t for all classes t, [C, B, H, W, channels]: the probabilities' weighted sum of the gradients is zero,
    /// so with D_last = 0, grad log p_t is D_t - sum over k of p_k D_k.
    private func logProbabilityGradients(of differences: [Tensor], _ clean: ShardPasses.Outputs) -> Tensor {
        let batch = clean.logits.shape[0], classes = clean.logits.shape[1]
        let none = Tensor([1] + clean.images.shape, repeating: 0, in: clean.images.pool)
        let all = Tensor.concatenation(differences + [none], axis: -5)
        let probabilities = clean.logProbabilities.exponential().transposed(-2, -1).reshaped([classes, batch, 1, 1, 1])
        return all - (all * probabilities).sum(-5)
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
