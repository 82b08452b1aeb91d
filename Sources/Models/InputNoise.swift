import Autodiff
import Kernels
import Randomness

/// Normal noise that a network adds to every image that it is given, for networks whose output is random. A draw's noise is a
/// function of the image's numbers and the draw, so that it does not depend on the batch that the image stands in.
public struct InputNoise: Sendable, Equatable {
    /// Standard deviation, in units of images in [0, 1].
    public let deviation: Double
    public let seed: UInt64

    /// `deviation` must be finite and not negative.
    public init(deviation: Double, seed: UInt64) {
        precondition(deviation.isFinite && deviation >= 0, "InputNoise: deviation \(deviation)")
        self.deviation = deviation
        self.seed = seed
    }

    /// Noisy images [B, ...], of memory of `pool`.
    func added(to images: Tensor, draw: Int, in pool: MemoryPool) -> Tensor {
        let size = images.shape.dropFirst().count
        return Tensor(images.shape, in: pool) { out in
            for start in stride(from: 0, to: images.shape.count, by: size) {
                let image = images.pointer + start
                // FNV-1a over the numbers' bits.
                var key: UInt64 = 0xcbf2_9ce4_8422_2325
                for i in 0..<size { key = (key ^ UInt64(image[i].bitPattern)) &* 0x100_0000_01b3 }
                var stream = RandomStream(seed: seed ^ key, purpose: .inputNoise, UInt64(draw))
                for i in 0..<size { out[start + i] = Scalar(Double(image[i]) + deviation * stream.normal()) }
            }
        }
    }
}
