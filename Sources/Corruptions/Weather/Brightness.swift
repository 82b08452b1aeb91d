import Data
import Randomness

/// The value of hue, saturation and value grows.
struct Brightness: Corruption {
    let name = "brightness"
    private static let amounts = [0.05, 0.1, 0.15, 0.2, 0.3]

    func suits(_ shape: ImageShape) -> Bool { shape.channels == 1 || shape.channels == 3 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let amount = Self.amounts[severity - 1]
        guard image.shape.channels == 3 else {
            // Grey has no hue, and its value is what it is.
            return PixelImage(image.shape, unit: image.unit.map { $0 + amount })
        }
        return HueSaturationValue.changed(image) { $0.value = min(max($0.value + amount, 0), 1) }
    }
}
