import Autodiff
import Failures
import Kernels

/// An attack that looks for the nearest misclassified image, whatever the budget: its one run says how accurate a model is
/// at every radius.
public protocol MinimalNormAttack: Attack {
    /// The nearest misclassified images that the attack finds, in the norm of `context.threat`.
    /// - Parameter until: an image is done with when one has been found within this distance.
    func nearest(_ batch: AttackBatch, _ context: AttackContext, until: Double) -> NearestImages
}

extension MinimalNormAttack {
    public var endsOnBoundary: Bool { true }

    /// Throws `usage` for too few steps: the first pass sees the clean image.
    func validate(steps: Int) throws {
        guard steps > 1 else {
            throw Failure(.usage, "steps is \(steps), expected at least 2: the first one looks at the clean image")
        }
    }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        nearest(batch, context, until: context.threat.epsilon).within(context.threat.epsilon, of: batch)
    }
}

/// What an attack has found of a batch.
public struct NearestImages {
    /// [B, H, W, C]: the clean image where none was found.
    public let images: Tensor
    /// From the clean image; infinite where none was found.
    public let distances: [Double]

    /// Those within a distance; the clean image for the others.
    func within(_ epsilon: Double, of batch: AttackBatch) -> Tensor {
        let size = batch.imageCount
        return withExtendedLifetime(self) {
            Tensor(batch.images.shape, in: batch.images.pool) { out in
                for row in 0..<batch.count {
                    let image = distances[row] <= epsilon ? images.pointer + row * size : batch.image(row)
                    (out + row * size).update(from: image, count: size)
                }
            }
        }
    }
}
