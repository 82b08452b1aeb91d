import Autodiff
import Configuration
import Kernels

/// -log p_y(x) + weight |grad_x of it|, the plain input-gradient-norm penalty. To first order an attacker of radius
/// epsilon raises the cross-entropy by epsilon times the dual norm: `l2` for L2 attacks, `l1` for L-infinity attacks.
struct GradientPenalty: ClassificationLoss {
    /// Of the input gradient.
    enum Norm: String, Sendable, CaseIterable, Spelled {
        case l1, l2

        /// `L1` and `l_1` too.
        init?(spelling: String) { self.init(rawValue: spelling.lowercased().filter { !" _-".contains($0) }) }
    }
    /// What BatchNorm's batch statistics are in the input gradient.
    enum Statistics: String, Sendable, CaseIterable {
        case frozen
        case perClass = "per-class"
    }

    /// Of the norm, beside the cross-entropy.
    var weight = 0.5
    /// Of the input gradient; the dual of the norm that attacks are measured in.
    var norm = Norm.l2
    /// What BatchNorm's batch statistics are in the input gradient.
    var statistics = Statistics.frozen

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("weight", &weight, check: .notNegative)
        try fields.value("norm", &norm)
        try fields.value("statistics", &statistics)
    }

    var title: String { "cross-entropy and \(norm.rawValue) norm of its input gradient (weight \(weight))" }
    var figures: [StepFigure] { [.crossEntropy, .accuracy, .regularisation] }

    func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        let clean = passes.clean()
        let crossEntropy = passes.crossEntropy(clean)
        let gradient = gradients(
            of: crossEntropy, with: [clean.images], recording: true,
            statistics: statistics == .frozen ? .frozen : .perClass)[0]
        let norms =
            switch norm {
            case .l1: gradient.productSum(signs(gradient), axes: [-3, -2, -1])
            case .l2: Self.lengths(gradient)
            }
        let regularisation = norms.total() * Scalar(weight)
        passes.figures.add(.crossEntropy, Double(crossEntropy.item))
        passes.figures.add(.accuracy, Double(correctPredictions(clean.logits, passes.shard.labels)))
        passes.figures.add(.regularisation, Double(regularisation.item))
        return crossEntropy + regularisation
    }

    /// With the derivative cut off where a gradient is zero.
    private static func lengths(_ gradient: Tensor) -> Tensor {
        let norms = VectorNorms(squares: gradient.productSum(gradient, axes: [-3, -2, -1]))
        return norms.nonZero * norms.alive
    }
}

/// 1, -1 or 0 for each number, as a constant. NaN stays, so that a diverged network shows.
func signs(_ x: Tensor) -> Tensor {
    let from = x.pointer
    return Tensor(x.shape, in: x.pool) { out in
        for i in 0..<x.shape.count { out[i] = from[i] > 0 ? 1 : from[i] < 0 ? -1 : from[i] }
    }
}
