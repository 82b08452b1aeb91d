import Autodiff
import Kernels

/// Cosines between input gradients and target gradients, image by image and class by class.
///
/// Where either vector is zero the cosine is 0 and a constant: its derivative, which grows as 1 / |gradient|, is
/// cut off there, so a dead network gives no infinite step.
struct CosineSimilarity {
    /// Below this norm, squared, an input gradient counts as zero.
    static let zeroNormSquared: Scalar = 1e-24

    /// [K, B, 1, 1, 1]
    let cosines: Tensor
    /// Norms of the input gradients, in the order of `cosines`.
    let norms: [Double]
    let zeroGradients: Int

    /// Both [K, B, H, W, C].
    init(_ inputGradients: Tensor, _ targets: Tensor) {
        let normSquared = inputGradients.productSum(inputGradients, axes: [-3, -2, -1])
        let alive = mask(normSquared)
        // Adding 1 to the squares that are masked keeps the root's derivative finite.
        let norm = (normSquared + (-alive + 1)).squareRoot()
        let targetNormSquared = targets.productSum(targets, axes: [-3, -2, -1])
        let targetAlive = mask(targetNormSquared)
        let targetNorm = (targetNormSquared + (-targetAlive + 1)).squareRoot()
        let product = inputGradients.productSum(targets * (targetAlive / targetNorm), axes: [-3, -2, -1])
        cosines = product / norm * alive
        norms = normSquared.array.map { Double($0).squareRoot() }
        zeroGradients = alive.array.count { $0 == 0 }
    }
}

/// 1 where a squared norm counts as more than zero, else 0.
func mask(_ normSquared: Tensor) -> Tensor {
    Tensor(
        normSquared.shape, normSquared.array.map { $0 > CosineSimilarity.zeroNormSquared ? 1 : 0 }, in: normSquared.pool
    )
}
