import Autodiff
import Configuration
import Kernels

/// -log p_y of noisy copies p_i of an image, on average, + lambda mean KL(q || p_i) + eta H(q), where q is the mean of the
/// p_i: copies are to agree on a class, and to be sure of it (Jeong and Shin 2020).
public struct Consistency: NoisyCopiesLoss {
    /// Deviation of the noise on every value, in units of images in [0, 1].
    public var sigma = 0.25
    /// Of noise.
    public var draws = 2
    /// Of the divergence. The authors take 20 for a deviation of 0.25, and 10 beyond.
    public var lambda = 20.0
    /// Of the entropy.
    public var eta = 0.5

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("sigma", &sigma, check: .positive)
        try fields.value("draws", &draws, in: 2...1000)
        try fields.value("lambda", &lambda, check: .notNegative)
        try fields.value("eta", &eta, check: .notNegative)
    }

    public var title: String {
        "consistency of noisy images (deviation \(sigma), \(draws) draws, lambda \(lambda), eta \(eta))"
    }
    public var figures: [StepFigure] { [.crossEntropy, .accuracy, .regularisation, .perturbedAccuracy] }

    public func copies(_ passes: ShardPasses) -> [Tensor] {
        NormalNoise(passes.shard, deviation: sigma, draws: draws).copies(of: passes.shard.images)
    }

    public func callAsFunction(_ passes: inout ShardPasses, copies: [Tensor]) -> Tensor {
        let (crossEntropy, outputs) = passes.crossEntropy(ofCopies: copies)
        let share = 1 / Scalar(outputs.count)
        let mean = sum(outputs.map { $0.logProbabilities.exponential() }) * share
        let meanLogarithm = sum(outputs.map(\.logProbabilities)) * share
        // A probability that rounds to zero has no logarithm, and no part in an entropy.
        let negativeEntropy = mean * (mean + 1e-20).logarithm()
        let divergence = negativeEntropy - mean * meanLogarithm
        let regularisation = (divergence * Scalar(lambda) - negativeEntropy * Scalar(eta)).total()
        passes.figures.add(.regularisation, Double(regularisation.item))
        return crossEntropy + regularisation
    }
}
