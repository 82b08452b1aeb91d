import Data
import Randomness

/// As through frosted glass: smoothed, pixels moved about among their neighbours, smoothed again.
struct GlassBlur: Corruption {
    let name = "glass_blur"
    private static let strengths = [(0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2)]
    /// How far pixels move.
    private static let reach = 1

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let (deviation, rounds) = Self.strengths[severity - 1], shape = image.shape, reach = Self.reach
        let filter = GaussianFilter(deviation: deviation)
        var bytes = PixelImage(shape, unit: filter(image.unit, shape)).bytes
        for _ in 0..<rounds {
            for y in stride(from: shape.height - reach, to: reach, by: -1) {
                for x in stride(from: shape.width - reach, to: reach, by: -1) {
                    let dx = random.below(2 * reach) - reach, dy = random.below(2 * reach) - reach
                    // The published images come from an exchange of two views of one array, which copies the one pixel over
                    // the other and never the other way.
                    for c in 0..<shape.channels {
                        bytes[(y * shape.width + x) * shape.channels + c] =
                            bytes[((y + dy) * shape.width + x + dx) * shape.channels + c]
                    }
                }
            }
        }
        return PixelImage(shape, unit: filter(PixelImage(shape, bytes).unit, shape))
    }
}
