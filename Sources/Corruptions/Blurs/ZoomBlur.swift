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
            let enlarged = Self.enlarged(values, image.shape, 1 + Double(place) * difference)
            for i in sum.indices { sum[i] += enlarged[i] }
        }
        let all = Float(count + 1)
        return PixelImage(
            image.shape,
            sum.indices.map { UInt8(min(max((values[$0] + sum[$0]) / all, 0), 1) * 255) })
    }

    /// The centre of an image, enlarged so that it has the image's size.
    private static func enlarged(_ values: [Float], _ shape: ImageShape, _ factor: Double) -> [Float] {
        let rows = taps(shape.height, factor), columns = taps(shape.width, factor)
        var result: [Float] = []
        result.reserveCapacity(values.count)
        for row in rows {
            for column in columns {
                for c in 0..<shape.channels {
                    func value(_ y: Int, _ x: Int) -> Double {
                        Double(values[(y * shape.width + x) * shape.channels + c])
                    }
                    let upper =
                        value(row.first, column.first) * (1 - row.share) * (1 - column.share)
                        + value(row.first, column.second) * (1 - row.share) * column.share
                    let lower =
                        value(row.second, column.first) * row.share * (1 - column.share)
                        + value(row.second, column.second) * row.share * column.share
                    result.append(Float(upper + lower))
                }
            }
        }
        return result
    }

    private struct Tap {
        let first, second: Int
        /// The second's.
        let share: Double
    }

    /// What the pixels of a side are made of: between those of the part that is enlarged, whose first and last stay first
    /// and last of what is then trimmed.
    private static func taps(_ count: Int, _ factor: Double) -> [Tap] {
        let part = Int((Double(count) / factor).rounded(.up)), start = (count - part) / 2
        // Ties go to the even number.
        let size = max(count, Int((Double(part) * factor).rounded(.toNearestOrEven))), trimmed = (size - count) / 2
        let step = size > 1 ? Double(part - 1) / Double(size - 1) : 1
        return (0..<count).map { place in
            let position = Double(place + trimmed) * step, first = min(Int(position), part - 1)
            return Tap(
                first: start + first, second: start + min(first + 1, part - 1), share: position - Double(first))
        }
    }
}
