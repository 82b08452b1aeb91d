import Kernels

/// The layout of the one vector that ranks sum in a step: figures to log, what BatchNorm saw, and the gradient. The
/// figures travel with the gradient, so all ranks take every decision of the step on the same numbers. They stand
/// before it because buckets travel from the end of the vector, and a shard knows its figures last.
struct StepVector {
    let figures: Range<Int>
    /// One number a shard, 1 where its loss or gradient is not finite.
    let nonFinite: Range<Int>
    let stopRequested: Int
    let statistics: Range<Int>
    /// Begins on a cache line.
    let gradient: Range<Int>
    /// Where each parameter's gradient begins, in declaration order.
    let parameters: [Int]
    var count: Int { gradient.upperBound }

    init(parameters: [Int], statistics: Int, shards: Int) {
        figures = 0..<Self.figureCount
        nonFinite = figures.upperBound..<(figures.upperBound + shards)
        stopRequested = nonFinite.upperBound
        self.statistics = (stopRequested + 1)..<(stopRequested + 1 + statistics)
        let start = (self.statistics.upperBound + 15) / 16 * 16
        let ends = parameters.reduce(into: [start]) { $0.append($0[$0.count - 1] + $1) }
        gradient = start..<ends[parameters.count]
        self.parameters = ends.dropLast()
    }

    private static let figureCount = 13 + 2 * LossParts.noiseLevels

    func write(loss: Scalar, _ parts: LossParts, to vector: Destination) {
        let figures: [Double] = [
            Double(loss), Double(parts.images), parts.crossEntropy, parts.alignment, parts.cosine, parts.gradientNorm,
            Double(parts.gradients), Double(parts.zeroGradients), Double(parts.correct), parts.regularisation,
            Double(parts.perturbed), Double(parts.perturbedCorrect), Double(parts.emptyTargets),
        ] + parts.denoising.flatMap { [$0.sum, Double($0.images)] }
        for (place, figure) in zip(self.figures, figures) { vector[place] = Scalar(figure) }
    }

    func read(_ vector: Source) -> (loss: Double, parts: LossParts) {
        let f = figures.map { Double(vector[$0]) }
        // A sum that is not finite has no integer; the step is about to be refused then.
        func count(_ value: Double) -> Int { value.isFinite ? Int(value) : 0 }
        var parts = LossParts(images: count(f[1]))
        parts.crossEntropy = f[2]
        parts.alignment = f[3]
        parts.cosine = f[4]
        parts.gradientNorm = f[5]
        parts.gradients = count(f[6])
        parts.zeroGradients = count(f[7])
        parts.correct = count(f[8])
        parts.regularisation = f[9]
        parts.perturbed = count(f[10])
        parts.perturbedCorrect = count(f[11])
        parts.emptyTargets = count(f[12])
        let levels = f.count - 2 * LossParts.noiseLevels
        for level in 0..<LossParts.noiseLevels {
            parts.denoising[level].sum = f[levels + 2 * level]
            parts.denoising[level].images = count(f[levels + 2 * level + 1])
        }
        return (f[0], parts)
    }
}
