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

/// Images, labels and, for the alignment term, target gradients: one logical shard, or a whole golden batch.
public struct LabelledImages {
    /// [B, H, W, C] in [0, 1]
    public let images: Tensor
    public let labels: [Int]
    /// [K, B, H, W, C] and the class of each of its K rows for each image, `classes[k][b]`.
    public let targets: Tensor?
    public let classes: [[Int]]

    public init(images: Tensor, labels: [Int], targets: Tensor? = nil, classes: [[Int]] = []) {
        precondition(images.shape[0] == labels.count, "LabelledImages: \(labels.count) labels for \(images.shape)")
        precondition(
            targets.map { $0.shape == [classes.count] + images.shape } ?? classes.isEmpty,
            "LabelledImages: targets \(targets?.shape.description ?? "none") for \(classes.count) x \(images.shape)")
        self.images = images
        self.labels = labels
        self.targets = targets
        self.classes = classes
    }
}

/// L = CE(f(x), y) + weight * sum over classes t of (1 - cos(grad_x z_t(x), g(x, t))), averaged over the batch, with z
/// the logits or their log-softmax (Ganz, Kawar, Elad 2023). With k of C classes an image the sum is scaled by C / k.
public struct AlignmentObjective: Sendable {
    public var weight: Double
    public var gradient: GradientOf
    public var statistics: StatisticsMode
    /// Classes whose second-order graph is held at one time; nil for all. Bounds memory, costs one more backward pass
    /// through the shared forward graph a chunk.
    public var classChunk: Int?

    public init(weight: Double, gradient: GradientOf, statistics: StatisticsMode, classChunk: Int? = nil) {
        self.weight = weight
        self.gradient = gradient
        self.statistics = statistics
        self.classChunk = classChunk
    }

    public struct Result {
        public var loss: Scalar
        /// Sums over the images; `parts.images` is their number.
        public var parts: LossParts
        public var logits: Tensor
        /// [K, B, H, W, C], where the alignment term was computed.
        public var inputGradients: Tensor?
        public var seen: [ForwardContext.SeenStatistics?]
    }

    /// Loss and gradients of one shard. The loss is divided by `batch`, the number of images of the whole step, so that
    /// shards add up. `parameters` are the state's own, cut once a step so that its shards share what is prepared from
    /// them. Each d loss / d parameter is handed to `receive`, with the parameter's number in declaration order, as soon
    /// as it is final: the last layers' first.
    public func evaluate(
        _ shard: LabelledImages, _ state: ModelState, parameters: [Tensor]? = nil, batch: Int,
        gradients receive: (Int, Tensor) throws -> Void
    ) rethrows -> Result {
        let parameters = (parameters ?? state.tensors(of: state.parameters)).map(\.variable)
        var context = state.context(statistics == .eval ? .inference : .training, parameters: parameters)
        let x = shard.targets == nil ? shard.images : shard.images.variable
        let logits = state.model(x, &context)
        let logProbabilities = logits.logSoftmax()
        let perImage = 1 / Scalar(batch)
        let crossEntropy = -(logProbabilities * oneHot(shard.labels, logits)).total()

        var result = Result(
            loss: 0, parts: LossParts(images: shard.labels.count), logits: logits.detached, inputGradients: nil,
            seen: context.seen)
        result.parts.crossEntropy = Double(crossEntropy.item)
        result.parts.correct = correctPredictions(logits, shard.labels)
        result.loss = crossEntropy.item * perImage

        guard let targets = shard.targets else {
            try deliverGradients(of: crossEntropy * perImage, with: parameters, releasing: true, to: receive)
            return result
        }
        let z = gradient == .logit ? logits : logProbabilities
        let classCount = shard.classes.count
        // Statistics that couple the classes need them all in one pass.
        let chunk = statistics == .repeated ? classCount : min(classCount, classChunk ?? classCount)
        let scale = Scalar(state.model.classes) / Scalar(classCount)
        var inputGradients: [Tensor] = [], earlier: [Tensor]?
        for start in stride(from: 0, to: classCount, by: chunk) {
            let range = start..<min(classCount, start + chunk)
            let inputGradient =
                sharesReference(shard, chunk: chunk, classes: state.model.classes)
                ? logProbabilityGradients(logits, logProbabilities, x)
                : gradients(
                    of: z, seed: seed(for: Array(shard.classes[range]), z), with: [x], recording: true,
                    statistics: statistics.inInputGradient)[0]
            let similarity = CosineSimilarity(inputGradient, targets.rows(range))
            let distance = (-similarity.cosines + 1).total() * scale
            var loss = distance * (Scalar(weight) * perImage)
            if start == 0 { loss = loss + crossEntropy * perImage }
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

    /// The same, with all gradients at the end, in declaration order.
    public func evaluate(_ shard: LabelledImages, _ state: ModelState, batch: Int) -> (result: Result, gradients: [Tensor]) {
        var gradients: [Int: Tensor] = [:]
        let result = evaluate(shard, state, batch: batch) { gradients[$0] = $1 }
        return (result, gradients.sorted { $0.key < $1.key }.map(\.value))
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
    private func logProbabilityGradients(_ logits: Tensor, _ logProbabilities: Tensor, _ x: Tensor) -> Tensor {
        let batch = logits.shape[0], classes = logits.shape[1], streams = classes - 1
        let seed = Tensor([streams, batch, classes], in: logits.pool) { out in
            out.update(repeating: 0, count: streams * batch * classes)
            for row in 0..<(streams * batch) {
                out[row * classes + row / batch] = 1
                out[row * classes + streams] = -1
            }
        }
        let differences = gradients(
            of: logits, seed: seed, with: [x], recording: true, statistics: statistics.inInputGradient)[0]
        let probabilities = logProbabilities.exponential().sliced(0..<streams, axis: -1)
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

/// Rows of zeros with a one at each label, of the shape of `logits` [B, C].
func oneHot(_ labels: [Int], _ logits: Tensor) -> Tensor {
    let classes = logits.shape[-1]
    return Tensor(logits.shape, in: logits.pool) { out in
        out.update(repeating: 0, count: logits.shape.count)
        for (row, label) in labels.enumerated() { out[row * classes + label] = 1 }
    }
}

private func correctPredictions(_ logits: Tensor, _ labels: [Int]) -> Int {
    let classes = logits.shape[-1], z = logits.pointer
    return labels.enumerated().count { row, label in
        (0..<classes).allSatisfy { $0 == label || z[row * classes + $0] < z[row * classes + label] }
    }
}
