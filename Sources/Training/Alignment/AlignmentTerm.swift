import Autodiff
import Figures
import Kernels
import Layers
import Models

/// weight * sum over classes t of (1 - cos(grad_x z_t(x), g(x, t))), averaged over the batch, with z the logits or
/// their log-softmax (Ganz, Kawar, Elad 2023). With k of C classes an image the sum is scaled by C / k.
public struct AlignmentTerm: Sendable {
    /// Lambda.
    public var weight: Double
    /// Of which function of the logits.
    public var gradient: GradientOf
    /// What BatchNorm's statistics are in the input gradient.
    public var statistics: StatisticsMode
    /// Classes whose gradients are differentiated at one time; nil for as many as `memory` allows and is fastest.
    public var classChunk: Int?
    /// Images of the shard, likewise; all, where statistics couple them.
    public var imageChunk: Int?
    /// Bytes for the graphs of the input gradients of one shard.
    public var memory: Int

    public init(
        weight: Double, gradient: GradientOf, statistics: StatisticsMode, classChunk: Int? = nil,
        imageChunk: Int? = nil, memory: Int = 1 << 30
    ) {
        self.weight = weight
        self.gradient = gradient
        self.statistics = statistics
        self.classChunk = classChunk
        self.imageChunk = imageChunk
        self.memory = memory
    }

    /// What it says of a shard.
    static let figures = [
        StepFigure(.alignment), StepFigure(.cosine, progress: .number(label: "cosine", decimals: 3)),
        StepFigure(.inputGradientNorm),
        StepFigure(
            .zeroGradients,
            alarm: StepFigure.Alarm(event: "collapse", threshold: 0.5, isRepeated: true) {
                "collapse: \(rounded(100 * $0, 0)) % of the input gradients are zero, so the alignment term no longer "
                    + "teaches; lower loss.alignment.weight or the learning rate, or take a smooth activation"
            }),
        StepFigure(
            .emptyTargets,
            alarm: StepFigure.Alarm(event: "empty-targets", threshold: 0.5, isRepeated: false) {
                "\(rounded(100 * $0, 0)) % of the target gradients are zero or beyond all numbers, and teach nothing; "
                    + "see loss.alignment.targets and the images"
            }),
    ]

    /// Hands on the gradients of a loss and of the term, and adds the term to the result.
    /// - Parameters:
    ///   - loss: of the shard, a part of the step's: divided by the images of the whole step, as `perImage` does.
    ///   - clean: the pass of the shard's own images, which have targets.
    func addGradients(
        of loss: Tensor, _ shard: LabelledImages, _ clean: ShardPasses.Outputs, _ state: ModelState,
        parameters: [Tensor], perImage: Scalar, to result: inout ShardResult, _ receive: (Int, Tensor) throws -> Void
    ) rethrows {
        guard let targets = shard.targets else { preconditionFailure("AlignmentTerm: images without targets") }
        let shared = SharedGraph(of: loss, sharing: [clean.logProbabilities], with: parameters)
        let plan = plan(shard, state, clean)
        let scale = Scalar(state.model.classes) / Scalar(shard.classes.count)
        var inputGradients = InputGradientRows(classes: shard.classes.count, images: shard.images)
        // The term's passes work with other filters than the clean one, or with the same ones in other forms.
        let preparedFilters = shard.images.pool.execution.preparedFilters, reuses = !plan.isOnePass
        preparedFilters.phase(reusing: reuses) {
            for range in plan.imageChunks {
                let images = ImageChunk(range, of: shard, clean, targets: targets)
                /// The term over some classes' input gradients, which it writes down.
                func term(_ gradients: Tensor, _ classes: Range<Int>) -> Tensor {
                    let similarity = CosineSimilarity(gradients, images.targets.rows(classes))
                    let distance = (-similarity.cosines + 1).total() * scale
                    result.loss += distance.item * (Scalar(weight) * perImage)
                    // The sum over classes is one number an image, however many chunks it comes in.
                    add(distance, similarity, images: classes.lowerBound == 0 ? range.count : 0, to: &result.figures)
                    inputGradients.add(gradients.detached, classes: classes, images: range)
                    return distance * (Scalar(weight) * perImage)
                }
                if plan.sharesReference {
                    var differences = logitDifferences(images, chunk: plan.classChunk)
                    let variables = differences.map(\.variable)
                    let gradients = logProbabilityGradients(of: variables, images)
                    let loss = term(gradients, 0..<shard.classes.count)
                    var cotangents = shared.gather(
                        from: loss, others: variables, of: images.rows, isLast: differences.isEmpty)[...]
                    preparedFilters.phase(reusing: reuses) {
                        while !differences.isEmpty {
                            let difference = differences.removeFirst()
                            shared.gather(
                                from: difference, seed: cotangents.removeFirst(), of: images.rows,
                                isLast: differences.isEmpty)
                        }
                    }
                } else {
                    for start in stride(from: 0, to: shard.classes.count, by: plan.classChunk) {
                        let classes = start..<min(shard.classes.count, start + plan.classChunk)
                        shared.gather(
                            from: term(self.inputGradients(of: classes, images), classes), of: images.rows,
                            isLast: classes.upperBound == shard.classes.count)
                    }
                }
            }
        }
        try preparedFilters.phase(reusing: false) { try shared.deliver(to: receive) }
        result.inputGradients = inputGradients.all
    }

    private func add(_ distance: Tensor, _ similarity: CosineSimilarity, images: Int, to figures: inout FigureSums) {
        let gradients = similarity.norms.count
        figures.add(.alignment, Double(distance.item), of: images)
        figures.add(.cosine, similarity.cosines.array.reduce(0) { $0 + Double($1) }, of: gradients)
        figures.add(.inputGradientNorm, similarity.norms.reduce(0, +), of: gradients)
        figures.add(.zeroGradients, Double(similarity.zeroGradients), of: gradients)
        figures.add(.emptyTargets, Double(similarity.emptyTargets), of: gradients)
    }

    private func plan(_ shard: LabelledImages, _ state: ModelState, _ clean: ShardPasses.Outputs) -> StreamPlan {
        let isPerImage = statistics == .frozen || statistics == .eval
        return StreamPlan(
            classes: shard.classes.count, images: shard.labels.count, isCoupled: statistics == .repeated,
            isPerImage: isPerImage && RowGraph(0..<1, of: clean.logits, from: clean.images) != nil,
            canShareReference: isPerImage && canShareReference(shard, classes: state.model.classes),
            givenClasses: classChunk, givenImages: imageChunk, activations: clean.logits.bytesKept,
            parameters: state.parameters.count * MemoryLayout<Scalar>.stride, budget: memory)
    }

    /// Whether the gradients of all log-probabilities can be had from one stream less: row t must be of class t.
    private func canShareReference(_ shard: LabelledImages, classes: Int) -> Bool {
        gradient == .logprob && shard.classes.count == classes
            && shard.classes.enumerated().allSatisfy { row, classes in classes.allSatisfy { $0 == row } }
    }

    /// D_t = grad (z_t - z_last) for all classes t but the last, recorded, `chunk` classes at a time:
    /// [chunk, B, H, W, channels].
    private func logitDifferences(_ images: ImageChunk, chunk: Int) -> [Tensor] {
        let logits = images.logits
        let batch = logits.shape[0], classes = logits.shape[1], last = classes - 1
        return stride(from: 0, to: last, by: chunk).map { start in
            let count = min(chunk, last - start)
            return inputGradients(
                seed: Tensor([count, batch, classes], in: logits.pool) { out in
                    out.update(repeating: 0, count: count * batch * classes)
                    for row in 0..<(count * batch) {
                        out[row * classes + start + row / batch] = 1
                        out[row * classes + last] = -1
                    }
                }, images)
        }
    }

    /// grad log p_t for all classes t, [C, B, H, W, channels]: the probabilities' weighted sum of the gradients is
    /// zero, so with D_last = 0, grad log p_t is D_t - sum over k of p_k D_k.
    private func logProbabilityGradients(of differences: [Tensor], _ images: ImageChunk) -> Tensor {
        let batch = images.logits.shape[0], classes = images.logits.shape[1]
        let none = Tensor([1] + images.images.shape, repeating: 0, in: images.images.pool)
        let all = Tensor.concatenation(differences + [none], axis: -5)
        let probabilities = images.logProbabilities.exponential().transposed(-2, -1)
            .reshaped([classes, batch, 1, 1, 1])
        return all - (all * probabilities).sum(-5)
    }

    /// grad z_t, or grad log p_t = sum over k of ([k = t] - p_k) grad z_k, of each image's chosen classes in `rows`:
    /// [K, B, H, W, channels].
    private func inputGradients(of rows: Range<Int>, _ images: ImageChunk) -> Tensor {
        let chosen = images.classes[rows].map { oneHot($0, images.logits) }
        let ones = Tensor([rows.count] + images.logits.shape, in: images.logits.pool) { out in
            for (k, row) in chosen.enumerated() {
                (out + k * row.shape.count).update(from: row.pointer, count: row.shape.count)
            }
        }
        return inputGradients(
            seed: gradient == .logit ? ones : ones - images.logProbabilities.exponential(), images)
    }

    /// The pullback of a cotangent of the logits to the images, recorded.
    private func inputGradients(seed: Tensor, _ images: ImageChunk) -> Tensor {
        gradients(
            of: images.logits, seed: seed, with: [images.images], recording: true,
            statistics: statistics.inInputGradient)[0]
    }
}
