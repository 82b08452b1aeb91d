import Data
import Randomness

/// Some values become 0 or 1.
struct ImpulseNoise: Corruption {
    let name = "impulse_noise"
    private static let shares = [0.01, 0.02, 0.03, 0.05, 0.07]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        PixelImage(
            image.shape,
            image.bytes.map {
                let isHit = random.uniform() < Self.shares[severity - 1], isSalt = random.uniform() < 0.5
                return isHit ? (isSalt ? 255 : 0) : $0
            })
    }
}
