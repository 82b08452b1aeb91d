import Data
import Randomness

/// Smoothed by a normal kernel.
struct GaussianBlur: Corruption {
    let name = "gaussian_blur"
    private static let deviations = [0.4, 0.6, 0.7, 0.8, 1]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let filter = GaussianFilter(deviation: Self.deviations[severity - 1])
        return PixelImage(image.shape, unit: filter(image.unit, image.shape))
    }
}
