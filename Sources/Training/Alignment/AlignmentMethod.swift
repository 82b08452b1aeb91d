import Autodiff
import Configuration
import Kernels

/// How the alignment term of a shard and its derivatives are computed. A new one is one file and one line in
/// `alignmentMethods`.
public protocol AlignmentMethod: Configurable {
    /// Why BatchNorm's statistics cannot be so in its input gradients, for people; nil where they can.
    func problem(with statistics: StatisticsMode) -> String?

    /// Hands on the gradients of a loss and of the term, and adds the term to the result.
    /// - Parameters:
    ///   - loss: of the shard, a part of the step's: divided by the images of the whole step, as `perImage` does.
    ///   - passes: with that of the shard's own images, of which `loss` is a function.
    ///   - targets: of the shard, [K, B, H, W, C].
    func addGradients(
        of term: AlignmentTerm, and loss: Tensor, _ passes: ShardPasses, targets: Tensor, perImage: Scalar,
        to result: inout ShardResult, _ receive: (Int, Tensor) throws -> Void
    ) rethrows
}
