import Autodiff

/// Cosines between input gradients and target gradients, image by image and class by class.
///
/// Where either vector is zero the cosine is 0 and a constant: its derivative, which grows as 1 / |gradient|, is
/// cut off there, so a dead network gives no infinite step.
struct CosineSimilarity {
    /// [K, B, 1, 1, 1]
    let cosines: Tensor
    /// Norms of the input gradients, in the order of `cosines`.
    let norms: [Double]
    let zeroGradients: Int
    /// Targets that teach nothing, as they are zero or their norm is beyond all numbers.
    let emptyTargets: Int

    /// Both [K, B, H, W, C].
    init(_ inputGradients: Tensor, _ targets: Tensor) {
        let normSquared = inputGradients.productSum(inputGradients, axes: [-3, -2, -1])
        let norm = VectorNorms(squares: normSquared)
        let targetNorm = VectorNorms(squares: targets.productSum(targets, axes: [-3, -2, -1]))
        let product = inputGradients.productSum(
            targets * (targetNorm.alive / targetNorm.nonZero), axes: [-3, -2, -1])
        cosines = product / norm.nonZero * norm.alive
        norms = normSquared.array.map { Double($0).squareRoot() }
        zeroGradients = norm.alive.array.count { $0 == 0 }
        emptyTargets = zip(targetNorm.alive.array, targetNorm.nonZero.array).count { $0 == 0 || !$1.isFinite }
    }
}
