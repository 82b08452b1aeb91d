import Data
import Glibc
import Randomness

/// Smeared along a line of a random direction, as ImageMagick's motion blur has it.
struct MotionBlur: Corruption {
    let name = "motion_blur"
    /// Radius and deviation of half a normal kernel.
    private static let strengths = [(6, 1.0), (6, 1.5), (6, 2), (8, 2), (9, 2.5)]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let (radius, deviation) = Self.strengths[severity - 1]
        return Self.blurred(image, radius: radius, deviation: deviation, degrees: 90 * random.uniform() - 45)
    }

    /// - Parameters:
    ///   - radius: of the whole kernel of 2 `radius` + 1 taps, as many of which follow each other to one side.
    ///   - degrees: of the line, clockwise from the horizontal.
    static func blurred(_ image: PixelImage, radius: Int, deviation: Double, degrees: Double) -> PixelImage {
        let count = 2 * radius + 1, shape = image.shape
        let values = (0..<count).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
        let sum = values.reduce(0, +), angle = degrees * .pi / 180
        let taps = (0..<count).map { tap in
            (
                dy: Int((Double(tap) * sin(angle) - 0.5).rounded(.up)),
                dx: Int((Double(tap) * cos(angle) - 0.5).rounded(.up)), weight: values[tap] / sum
            )
        }
        var bytes = image.bytes
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                for c in 0..<shape.channels {
                    let total = taps.reduce(0.0) { total, tap in
                        let row = Border.edge.inside(y + tap.dy, shape.height)
                        let column = Border.edge.inside(x + tap.dx, shape.width)
                        return total + tap.weight
                            * Double(image.bytes[(row * shape.width + column) * shape.channels + c])
                    }
                    bytes[(y * shape.width + x) * shape.channels + c] = Self.byte(total)
                }
            }
        }
        return PixelImage(shape, bytes)
    }

    /// ImageMagick computes in 16 bits, to the nearest, and cuts off the lower ones.
    private static func byte(_ value: Double) -> UInt8 { UInt8(min(255, Int(value * 257 + 0.5) / 257)) }
}
