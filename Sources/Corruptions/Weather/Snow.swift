import Data
import Randomness

/// Flakes that fall aslant in front of a paler image.
struct Snow: Corruption {
    let name = "snow"

    private struct Strength {
        /// Of the normal numbers that flakes are made of.
        let mean, deviation: Double
        /// How large flakes are, and what a number must reach to become one.
        let zoom, threshold: Double
        /// How far they fall.
        let radius: Int
        let spread: Double
        /// What is kept of the image.
        let share: Double
    }

    private static let strengths = [
        Strength(mean: 0.1, deviation: 0.2, zoom: 1, threshold: 0.6, radius: 8, spread: 3, share: 0.95),
        Strength(mean: 0.1, deviation: 0.2, zoom: 1, threshold: 0.5, radius: 10, spread: 4, share: 0.9),
        Strength(mean: 0.15, deviation: 0.3, zoom: 1.75, threshold: 0.55, radius: 10, spread: 4, share: 0.9),
        Strength(mean: 0.25, deviation: 0.3, zoom: 2.25, threshold: 0.6, radius: 12, spread: 6, share: 0.85),
        Strength(mean: 0.3, deviation: 0.3, zoom: 1.25, threshold: 0.65, radius: 14, spread: 12, share: 0.8),
    ]

    func suits(_ shape: ImageShape) -> Bool { shape.channels == 1 || shape.channels == 3 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let shape = image.shape, flakes = Self.flakes(shape, Self.strengths[severity - 1], &random)
        let share = Self.strengths[severity - 1].share
        let values = image.bytes.map { Float($0) / 255 }, channels = shape.channels, pixels = flakes.count
        let result = values.indices.map { i in
            let pixel = i / channels, first = pixel * channels
            let grey =
                channels == 1
                ? values[i] : 0.299 * values[first] + 0.587 * values[first + 1] + 0.114 * values[first + 2]
            let pale = Float(share) * values[i] + Float(1 - share) * max(values[i], grey * 1.5 + 0.5)
            // The same flakes once more, upside down.
            return Double(pale) + flakes[pixel] + flakes[pixels - 1 - pixel]
        }
        return PixelImage(shape, unit: result)
    }

    /// A value in [0, 1] for each pixel.
    private static func flakes(_ shape: ImageShape, _ strength: Strength, _ random: inout RandomStream) -> [Double] {
        let plane = ImageShape(height: shape.height, width: shape.width, channels: 1)
        let numbers = (0..<plane.count).map { _ in strength.mean + strength.deviation * random.normal() }
        let large = CentreZoom(factor: strength.zoom)(numbers, plane).map { $0 < strength.threshold ? 0 : $0 }
        return MotionBlur.blurred(
            PixelImage(plane, unit: large), radius: strength.radius, deviation: strength.spread,
            degrees: 90 * random.uniform() - 135
        ).unit
    }
}
