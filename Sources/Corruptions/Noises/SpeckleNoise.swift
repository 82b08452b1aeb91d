import Data
import Randomness

/// Normal noise in proportion to every value.
struct SpeckleNoise: Corruption {
    let name = "speckle_noise"
    private static let deviations = [0.06, 0.1, 0.12, 0.16, 0.2]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        PixelImage(image.shape, unit: image.unit.map { $0 + $0 * Self.deviations[severity - 1] * random.normal() })
    }
}
