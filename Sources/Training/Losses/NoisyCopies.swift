import Autodiff
import Kernels

/// Normal noise for the images of a shard, several draws of each: others in every epoch, whatever shard an image is in.
public struct NormalNoise {
    /// Draws of an image.
    public let count: Int
    /// Of all images, draw by draw, in [B, H, W, C]'s order. In Double, so that a noisy image is rounded once.
    private let draws: [[Double]]

    /// - Parameter deviation: on every value, in units of images in [0, 1].
    public init(_ shard: LabelledImages, deviation: Double, draws count: Int) {
        let size = shard.images.shape.dropFirst().count
        var draws = [[Double]](repeating: [], count: count)
        for row in 0..<shard.images.shape[0] {
            var stream = shard.keys.stream(.trainingNoise, row: row)
            for draw in 0..<count { for _ in 0..<size { draws[draw].append(deviation * stream.normal()) } }
        }
        self.init(draws)
    }

    /// Noise that is given, of as many numbers as the shard's images.
    public init(_ draws: [[Double]]) {
        count = draws.count
        self.draws = draws
    }

    /// Images with one of the draws, which are not brought back into the range of pixels, [B, H, W, C].
    public func added(to images: Tensor, draw: Int) -> Tensor {
        let noise = draws[draw]
        precondition(noise.count == images.shape.count, "NormalNoise: \(noise.count) numbers for \(images.shape)")
        return withExtendedLifetime(images) {
            Tensor(images.shape, in: images.pool) { out in
                for i in noise.indices { out[i] = Scalar(Double(images.pointer[i]) + noise[i]) }
            }
        }
    }

    /// All noisy copies of images.
    public func copies(of images: Tensor) -> [Tensor] { (0..<count).map { added(to: images, draw: $0) } }
}

/// A loss of several noisy copies of every image. A new one is one file and one line in `objectives`.
public protocol NoisyCopiesLoss: ClassificationLoss {
    /// The copies, each [B, H, W, C]. Nothing of it is recorded.
    func copies(_ passes: ShardPasses) -> [Tensor]
    /// The loss summed over a shard's images, given their copies. Writes what is to be logged to `passes.figures`.
    func callAsFunction(_ passes: inout ShardPasses, copies: [Tensor]) -> Tensor
}

extension NoisyCopiesLoss {
    public func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        // Before any pass that is recorded, so that an attack's memory and the graph's are not held together.
        let copies = copies(passes)
        return self(&passes, copies: copies)
    }
}

extension ShardPasses {
    /// A recorded pass over each of the copies, and the mean of their cross-entropies, summed over the images. Says what is
    /// logged of that.
    mutating func crossEntropy(ofCopies copies: [Tensor]) -> (loss: Tensor, outputs: [Outputs]) {
        let all = copies.map { outputs(ofPerturbed: $0) }
        let loss = sum(all.map { crossEntropy($0) }) * (1 / Scalar(copies.count))
        figures.add(.crossEntropy, Double(loss.item))
        figures[.accuracy] = figures[.perturbedAccuracy]
        return (loss, all)
    }
}
