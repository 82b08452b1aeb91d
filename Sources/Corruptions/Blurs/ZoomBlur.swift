import Data
import Glibc
import Randomness

/// The mean of the image and of its centre enlarged more and more.
struct ZoomBlur: Corruption {
    let name = "zoom_blur"
    /// Where the factors, a hundredth apart, end.
    private static let ends = [1.06, 1.11, 1.16, 1.21, 1.26]

    func suits(_ shape: ImageShape) -> Bool { true }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let step = 0.01, count = Int(((Self.ends[severity - 1] - 1) / step).rounded(.up)), difference = (1 + step) - 1
        let values = image.unit.map { Float($0) }
        var sum = [Float](repeating: 0, count: values.count)
        for place in 0..<count {
            let enlarged = CentreZoom(factor: 1 + Double(place) * difference)(values, image.shape)
            for i in sum.indices { sum[i] += enlarged[i] }
        }
        let all = Float(count + 1)
        return PixelImage(
            image.shape,
            sum.indices.map { UInt8(min(max((values[$0] + sum[$0]) / all, 0), 1) * 255) })
    }
}
