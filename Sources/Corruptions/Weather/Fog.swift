import Data
import Randomness

/// A veil of fractal clouds.
struct Fog: Corruption {
    let name = "fog"
    /// How much, and how fast the clouds' small parts fade.
    private static let strengths = [(0.2, 3.0), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let (amount, decay) = Self.strengths[severity - 1], shape = image.shape
        let clouds = PlasmaFractal(reaching: max(shape.height, shape.width), decay: decay, &random)
        var values = image.unit
        let most = values.max() ?? 0
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                for c in 0..<shape.channels {
                    let i = (y * shape.width + x) * shape.channels + c
                    values[i] = (values[i] + amount * clouds[y, x]) * most / (most + amount)
                }
            }
        }
        return PixelImage(shape, unit: values)
    }
}
