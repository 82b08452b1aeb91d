import Data
import Glibc

/// The centre of an image, enlarged so that it has the image's size: scipy's `zoom` of order 1, between the pixels of the part
/// that is enlarged, whose first and last stay first and last of what is then trimmed.
struct CentreZoom {
    /// At least 1.
    let factor: Double

    /// Values channels last, of any floating point.
    func callAsFunction<Value: BinaryFloatingPoint>(_ values: [Value], _ shape: ImageShape) -> [Value] {
        let rows = taps(shape.height), columns = taps(shape.width)
        var result: [Value] = []
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
                    result.append(Value(upper + lower))
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

    private func taps(_ count: Int) -> [Tap] {
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
