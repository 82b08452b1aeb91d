import Data
import Randomness

/// Values move toward their channel's mean.
struct Contrast: Corruption {
    let name = "contrast"
    private static let factors = [0.75, 0.5, 0.4, 0.3, 0.15]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let factor = Self.factors[severity - 1], channels = image.shape.channels
        var values = image.unit
        for c in 0..<channels {
            let places = stride(from: c, to: values.count, by: channels)
            let mean = places.reduce(0) { $0 + values[$1] } / Double(image.shape.height * image.shape.width)
            for i in places { values[i] = (values[i] - mean) * factor + mean }
        }
        return PixelImage(image.shape, unit: values)
    }
}
