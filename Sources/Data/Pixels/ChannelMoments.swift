import Kernels

/// Mean and standard deviation of every channel over all pixels of a data set, to four decimals, as the literature
/// gives them for the known ones.
struct ChannelMoments {
    let mean, deviation: [Double]

    init(_ dataset: any Dataset, progress: () -> Void) {
        let shape = dataset.shape, channels = shape.channels
        var sums = [Double](repeating: 0, count: channels), squares = sums
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: shape.count) { image in
            guard let base = image.baseAddress else { return }
            for index in 0..<dataset.count {
                dataset.read(index, into: base)
                for c in 0..<channels {
                    var sum = 0.0, square = 0.0
                    for i in stride(from: c, to: shape.count, by: channels) {
                        let value = Double(base[i])
                        sum += value
                        square += value * value
                    }
                    sums[c] += sum
                    squares[c] += square
                }
                progress()
            }
        }
        let pixels = Double(dataset.count * shape.height * shape.width)
        mean = sums.map { Self.rounded($0 / pixels) }
        // A channel that is the same everywhere is only moved, not divided by nothing.
        deviation = zip(sums, squares).map { sum, square in
            let deviation = Self.rounded(max(0, square / pixels - sum / pixels * (sum / pixels)).squareRoot())
            return deviation > 0 ? deviation : 1
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
