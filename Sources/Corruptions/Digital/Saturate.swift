import Data
import Randomness

/// Colours fade, or become stronger.
struct Saturate: Corruption {
    let name = "saturate"
    /// Factor and summand.
    private static let strengths = [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)]

    func suits(_ shape: ImageShape) -> Bool { shape.channels == 3 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let (factor, summand) = Self.strengths[severity - 1]
        return HueSaturationValue.changed(image) { $0.saturation = min(max($0.saturation * factor + summand, 0), 1) }
    }
}
