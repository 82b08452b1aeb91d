import Autodiff
import Configuration
import Kernels
import Layers
import Models

/// Input gradients by differentiation, which are differentiated again: the term as it is defined.
public struct ExactGradients: AlignmentMethod {
    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {}

    public func problem(with statistics: StatisticsMode) -> String? { nil }

    public func addGradients(
        of term: AlignmentTerm, and loss: Tensor, _ passes: ShardPasses, targets: Tensor, perImage: Scalar,
        to result: inout ShardResult, _ receive: (Int, Tensor) throws -> Void
    ) rethrows {
        var passes = passes
        let shard = passes.shard, clean = passes.clean(), state = passes.state
        let shared = SharedGraph(of: loss, sharing: [clean.logProbabilities], with: passes.parameters)
        let plan = plan(term, shard, state, clean), weight = Scalar(term.weight) * perImage
        let scale = Scalar(state.model.classes) / Scalar(shard.classes.count)
        var inputGradients = InputGradientRows(classes: shard.classes.count, images: shard.images)
        // The term's passes work with other filters than the clean one, or with the same ones in other forms.
        let preparedFilters = shard.images.pool.execution.preparedFilters, reuses = !plan.isOnePass
        preparedFilters.phase(reusing: reuses) {
            for range in plan.imageChunks {
                let images = ImageChunk(range, of: shard, clean, targets: targets)
                /// The term over some classes' input gradients, which it writes down.
                func distance(_ gradients: Tensor, _ classes: Range<Int>) -> Tensor {
                    let similarity = CosineSimilarity(gradients, images.targets.rows(classes))
                    let distance = (-similarity.cosines + 1).total() * scale
                    result.loss += distance.item * weight
                    // The sum over classes is one number an image, however many chunks it comes in.
                    add(distance, similarity, images: classes.lowerBound == 0 ? range.count : 0, to: &result.figures)
                    inputGradients.add(gradients.detached, classes: classes, images: range)
                    return distance * weight
                }
                if plan.sharesReference {
                    var differences = logitDifferences(term, images, chunk: plan.classChunk)
                    let variables = differences.map(\.variable)
                    let gradients = logProbabilityGradients(of: variables, images)
                    let loss = distance(gradients, 0..<shard.classes.count)
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
                            from: distance(self.inputGradients(term, of: classes, images), classes), of: images.rows,
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

    private func plan(
        _ term: AlignmentTerm, _ shard: LabelledImages, _ state: ModelState, _ clean: ShardPasses.Outputs
    ) -> StreamPlan {
        let isPerImage = term.statistics == .frozen || term.statistics == .eval
        return StreamPlan(
            classes: shard.classes.count, images: shard.labels.count, isCoupled: term.statistics == .repeated,
            isPerImage: isPerImage && RowGraph(0..<1, of: clean.logits, from: clean.images) != nil,
            canShareReference: isPerImage && canShareReference(term, shard, classes: state.model.classes),
            givenClasses: term.classChunk, givenImages: term.imageChunk, activations: clean.logits.bytesKept,
            parameters: state.parameters.count * MemoryLayout<Scalar>.stride, budget: term.memory)
    }

    /// Whether the gradients of all log-probabilities can be had from one stream less: row t must be of class t.
    private func canShareReference(_ term: AlignmentTerm, _ shard: LabelledImages, classes: Int) -> Bool {
        term.gradient == .logprob && shard.classes.count == classes
            && shard.classes.enumerated().allSatisfy { row, classes in classes.allSatisfy { $0 == row } }
    }

    /// D_t = grad (z_t - z_last) for all classes t but the last, recorded, `chunk` classes at a time:
    /// [chunk, B, H, W, channels].
    private func logitDifferences(_ term: AlignmentTerm, _ images: ImageChunk, chunk: Int) -> [Tensor] {
        let logits = images.logits
        let batch = logits.shape[0], classes = logits.shape[1], last = classes - 1
        return stride(from: 0, to: last, by: chunk).map { start in
            let count = min(chunk, last - start)
            return inputGradients(
                term,
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
    private func inputGradients(_ term: AlignmentTerm, of rows: Range<Int>, _ images: ImageChunk) -> Tensor {
        let chosen = images.classes[rows].map { oneHot($0, images.logits) }
        let ones = Tensor([rows.count] + images.logits.shape, in: images.logits.pool) { out in
            for (k, row) in chosen.enumerated() {
                (out + k * row.shape.count).update(from: row.pointer, count: row.shape.count)
            }
        }
        return inputGradients(
            term, seed: term.gradient == .logit ? ones : ones - images.logProbabilities.exponential(), images)
    }

    /// The pullback of a cotangent of the logits to the images, recorded.
    private func inputGradients(_ term: AlignmentTerm, seed: Tensor, _ images: ImageChunk) -> Tensor {
        gradients(
            of: images.logits, seed: seed, with: [images.images], recording: true,
            statistics: term.statistics.inInputGradient)[0]
    }
}
