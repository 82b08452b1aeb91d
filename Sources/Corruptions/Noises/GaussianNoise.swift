import Data
import Randomness

/// Normal noise on every value.
struct GaussianNoise: Corruption {
    let name = "gaussian_noise"
    private static let deviations = [0.04, 0.06, 0.08, 0.09, 0.1]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        PixelImage(image.shape, unit: image.unit.map { $0 + Self.deviations[severity - 1] * random.normal() })
    }
}
