/// Changes the size of images as Pillow's `resize` does, to the bit: a filter as wide as the pixels of the smaller image,
/// so that nothing is skipped where an image shrinks, first along rows and then along columns, each rounded to bytes. The
/// sides' ratio is not kept.
public struct Resampling {
    /// Pillow's BILINEAR and BOX.
    public enum Filter: Sendable {
        case triangle, box

        /// How far it reaches to either side, in pixels.
        fileprivate var support: Double { self == .triangle ? 1 : 0.5 }

        fileprivate func weight(_ distance: Double) -> Double {
            switch self {
            case .triangle: max(0, 1 - abs(distance))
            case .box: distance > -0.5 && distance <= 0.5 ? 1 : 0
            }
        }
    }

    private let source: ImageShape
    private let size: ImageSize
    private let columns, rows: [Taps]
    private var between: [UInt8]

    /// What a pixel is made of: weights of neighbouring pixels, in units of 2^-22.
    private struct Taps {
        let first: Int
        let weights: [Int32]
    }
    private static let precision: Int32 = 22

    /// Of images of one shape.
    public init(from source: ImageShape, to size: ImageSize, filter: Filter = .triangle) {
        self.source = source
        self.size = size
        columns = Self.taps(from: source.width, to: size.width, filter)
        rows = Self.taps(from: source.height, to: size.height, filter)
        between = [UInt8](repeating: 0, count: source.height * size.width * source.channels)
    }

    /// Writes the image, channels last as `image` is.
    public mutating func callAsFunction(_ image: UnsafeBufferPointer<UInt8>, into result: UnsafeMutablePointer<UInt8>) {
        precondition(image.count == source.count, "Resampling: \(image.count) bytes of \(source)")
        let channels = source.channels
        for y in 0..<source.height {
            for (x, taps) in columns.enumerated() {
                for c in 0..<channels {
                    between[(y * size.width + x) * channels + c] = Self.value(
                        image, at: (y * source.width + taps.first) * channels + c, step: channels, taps)
                }
            }
        }
        let line = size.width * channels
        between.withUnsafeBufferPointer { between in
            for (y, taps) in rows.enumerated() {
                for i in 0..<line {
                    result[y * line + i] = Self.value(between, at: taps.first * line + i, step: line, taps)
                }
            }
        }
    }

    @inline(__always)
    private static func value(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int, step: Int, _ taps: Taps) -> UInt8 {
        var sum: Int32 = 1 << (precision - 1)
        taps.weights.withUnsafeBufferPointer { weights in
            for k in 0..<weights.count { sum &+= Int32(bytes[start + k * step]) &* weights[k] }
        }
        return UInt8(clamping: sum >> precision)
    }

    private static func taps(from count: Int, to newCount: Int, _ filter: Filter) -> [Taps] {
        // One tap of weight 1, so that a side that stays is copied.
        if count == newCount { return (0..<count).map { Taps(first: $0, weights: [1 << precision]) } }
        let scale = Double(count) / Double(newCount), width = max(scale, 1), support = filter.support * width
        return (0..<newCount).map { place in
            let centre = (Double(place) + 0.5) * scale
            let first = max(0, Int(centre - support + 0.5)), last = min(count, Int(centre + support + 0.5))
            let weights = (first..<last).map { filter.weight((Double($0) - centre + 0.5) / width) }
            let total = weights.reduce(0, +)
            return Taps(
                first: first, weights: weights.map { Int32(0.5 + $0 / total * Double(Int32(1) << precision)) })
        }
    }
}
