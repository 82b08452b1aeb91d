import Autodiff
import Kernels

/// Norms of vectors, from their squares. Where a vector is zero the derivative, which grows as 1 / norm, is cut off.
struct VectorNorms {
    /// Below this norm, squared, a vector counts as zero.
    private static let zeroSquared: Scalar = 1e-24

    /// 1 where a vector counts as more than zero, else 0: a constant.
    let alive: Tensor
    /// The norms, with about 1 where a vector counts as zero, so that the derivatives of root and quotient are finite.
    let nonZero: Tensor

    /// - Parameter squares: of the norms, of any shape.
    init(squares: Tensor) {
        alive = Tensor(squares.shape, squares.array.map { $0 > Self.zeroSquared ? 1 : 0 }, in: squares.pool)
        nonZero = (squares + (-alive + 1)).squareRoot()
    }
}
