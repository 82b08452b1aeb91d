import Data
import Glibc

/// A normal kernel along columns, then along rows, cut off at some deviations: scipy's `gaussian_filter`, in its order of
/// summation, so that values that are whole bytes stay whole.
struct GaussianFilter {
    /// Of the taps 0, 1, ... to either side.
    private let weights: [Double]
    private let border: Border

    /// - Parameters:
    ///   - deviation: in pixels.
    ///   - truncation: where the kernel ends, in deviations.
    init(deviation: Double, truncation: Double = 4, border: Border = .edge) {
        let reach = Int(truncation * deviation + 0.5)
        let values = (0...reach).map { $0 == 0 ? 1 : exp(-0.5 / (deviation * deviation) * Double($0 * $0)) }
        let sum = (-reach...reach).reduce(0) { $0 + values[abs($1)] }
        weights = values.map { $0 / sum }
        self.border = border
    }

    /// The values, channels last, smoothed.
    func callAsFunction(_ values: [Double], _ shape: ImageShape) -> [Double] {
        guard weights.count > 1 else { return values }
        let row = shape.width * shape.channels
        let columns = line(values, count: shape.height, step: row, starts: 0..<row)
        var result = columns
        for y in 0..<shape.height {
            let start = y * row
            let one = line(
                Array(columns[start..<start + row]), count: shape.width, step: shape.channels,
                starts: 0..<shape.channels)
            result.replaceSubrange(start..<start + row, with: one)
        }
        return result
    }

    private func line(_ values: [Double], count: Int, step: Int, starts: Range<Int>) -> [Double] {
        var result = values
        for place in 0..<count {
            let before = weights.indices.map { border.inside(place - $0, count) * step }
            let after = weights.indices.map { border.inside(place + $0, count) * step }
            for start in starts {
                var sum = values[start + place * step] * weights[0]
                for tap in stride(from: weights.count - 1, to: 0, by: -1) {
                    sum += (values[start + before[tap]] + values[start + after[tap]]) * weights[tap]
                }
                result[start + place * step] = sum
            }
        }
        return result
    }
}
