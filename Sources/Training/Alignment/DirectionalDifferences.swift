import Autodiff
import Configuration
import Kernels

/// The term without derivatives of derivatives: differences of the network's values stand for input gradients.
///
/// With v the unit vector along g(x, t) and u a random one, D_v = (z_t(x + h v) - z_t(x)) / h is the gradient's part
/// along the target. P = D_u - <u, v> D_v is what a random direction sees of the rest of it, whose squared norm is the
/// mean of d P^2 for images of d numbers. So the cosine is about
///
///     D_v / sqrt(D_v^2 + d mean(P^2)).
///
/// That is the cosine, but for h, in the limit of many random directions; with few of them a large cosine comes out too
/// large and a small one too small. A step takes a pass of the network a class and one a random direction, each with
/// batch statistics of its own.
struct DirectionalDifferences: AlignmentMethod {
    /// h, the length of the step from an image, in units of images in [0, 1].
    var distance = 0.1
    /// Random directions of an image, drawn anew in each epoch.
    var directions = 1

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("distance", &distance, check: .positive)
        try fields.value("directions", &directions, in: 1...1000)
    }

    func problem(with statistics: StatisticsMode) -> String? {
        if statistics == .perClass || statistics == .eval { return nil }
        return "differences know no \(statistics.rawValue) statistics: statistics: per-class, or eval"
    }

    func addGradients(
        of term: AlignmentTerm, and loss: Tensor, _ passes: ShardPasses, targets: Tensor, perImage: Scalar,
        to result: inout ShardResult, _ receive: (Int, Tensor) throws -> Void
    ) rethrows {
        var passes = passes
        let shard = passes.shard, images = shard.images.detached, classes = shard.classes.count
        func values(_ outputs: ShardPasses.Outputs) -> Tensor {
            term.gradient == .logit ? outputs.logits : outputs.logProbabilities
        }
        let clean = values(passes.clean())
        /// By how much each value, [B, C], rises along unit vectors [B, H, W, C].
        func slopes(_ vectors: Tensor) -> Tensor {
            (values(passes.outputs(of: images + vectors * Scalar(distance))) - clean) * Scalar(1 / distance)
        }
        let directions = randomDirections(shard).map { (vectors: $0, slopes: slopes($0)) }
        // A random direction sees, of a squared norm, one part in as many as there are numbers, on average.
        let share = Scalar(images.shape.dropFirst().count) / Scalar(self.directions)
        var distances: [Tensor] = []
        for row in 0..<classes {
            let chosen = oneHot(shard.classes[row], clean)
            let target = vectors(along: targets.sliced(row..<(row + 1), axis: -5).reshaped(images.shape), length: 1)
            let rise = (slopes(target) * chosen).sum(-1)
            let rest = directions.map { direction in
                let shared = direction.vectors.productSum(target, axes: [-3, -2, -1]).reshaped(rise.shape)
                let part = (direction.slopes * chosen).sum(-1) - shared * rise
                return part * part
            }
            let norms = VectorNorms(squares: rest.dropFirst().reduce(rest[0]) { $0 + $1 } * share + rise * rise)
            let known = VectorNorms(squares: target.productSum(target, axes: [-3, -2, -1]).reshaped(rise.shape)).alive
            let cosines = rise / norms.nonZero * (norms.alive * known)
            distances.append((-cosines + 1).total())
            add(cosines, norms, known, to: &result.figures)
        }
        let sum = distances.dropFirst().reduce(distances[0]) { $0 + $1 }
        let alignment = sum * (Scalar(passes.state.model.classes) / Scalar(classes))
        let weight = Scalar(term.weight) * perImage
        result.figures.add(.alignment, Double(alignment.item))
        result.loss += alignment.item * weight
        try deliverGradients(of: loss + alignment * weight, with: passes.parameters, releasing: true, to: receive)
    }

    /// Unit vectors [B, H, W, C] of all directions.
    private func randomDirections(_ shard: LabelledImages) -> [Tensor] {
        let images = shard.images, size = images.shape.dropFirst().count
        var streams = shard.labels.indices.map { shard.keys.stream(.alignmentDirections, row: $0) }
        return (0..<directions).map { _ in
            let normal = Tensor(images.shape, in: images.pool) { out in
                for row in streams.indices {
                    for i in 0..<size { out[row * size + i] = Scalar(streams[row].normal()) }
                }
            }
            return vectors(along: normal, length: 1)
        }
    }

    private func add(_ cosines: Tensor, _ norms: VectorNorms, _ known: Tensor, to figures: inout FigureSums) {
        let norms = zip(norms.nonZero.array, norms.alive.array).map { Double($0 * $1) }
        figures.add(.cosine, cosines.array.reduce(0) { $0 + Double($1) })
        figures.add(.inputGradientNorm, norms.reduce(0, +))
        figures.add(.zeroGradients, Double(norms.count { $0 == 0 }))
        figures.add(.emptyTargets, Double(known.array.count { $0 == 0 }))
    }
}
