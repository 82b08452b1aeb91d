import Data
import Glibc
import Randomness

/// Out of focus: smoothed by a disk whose border is softened.
struct DefocusBlur: Corruption {
    let name = "defocus_blur"
    /// Radius, and deviation of the border.
    private static let strengths = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let (radius, deviation) = Self.strengths[severity - 1]
        let kernel = Self.kernel(radius: radius, deviation: deviation), shape = image.shape, values = image.unit
        var result = values
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                for c in 0..<shape.channels {
                    var sum = 0.0
                    for tap in kernel {
                        let row = Border.mirroredAtCentre.inside(y + tap.dy, shape.height)
                        let column = Border.mirroredAtCentre.inside(x + tap.dx, shape.width)
                        sum += Double(tap.weight) * values[(row * shape.width + column) * shape.channels + c]
                    }
                    result[(y * shape.width + x) * shape.channels + c] = sum
                }
            }
        }
        return PixelImage(shape, unit: result)
    }

    private struct Tap {
        let dy, dx: Int
        let weight: Float
    }

    /// The disk, smoothed by three taps along each axis, in single precision.
    private static func kernel(radius: Double, deviation: Double) -> [Tap] {
        let reach = Int(radius) + 1
        func isInside(_ y: Int, _ x: Int) -> Bool { Double(y * y + x * x) <= radius * radius }
        let places = (-reach...reach).flatMap { y in (-reach...reach).map { (y, $0) } }
        let weight = 1 / Float(places.count { isInside($0.0, $0.1) })
        let side = exp(-0.5 / (deviation * deviation)), sum = 1 + 2 * side
        let taps = [Float(side / sum), Float(1 / sum), Float(side / sum)]
        return places.compactMap { y, x in
            var total: Float = 0
            for i in -1...1 {
                for k in -1...1 where isInside(y + i, x + k) { total += weight * taps[i + 1] * taps[k + 1] }
            }
            return total > 0 ? Tap(dy: y, dx: x, weight: total) : nil
        }
    }
}
