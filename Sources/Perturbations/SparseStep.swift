import Kernels

extension ThreatModel.Norm {
    /// Moves an image by `length` under `l1`, shared evenly among the values with the largest derivatives, each along
    /// its sign: the step of SLIDE (Tramer and Boneh 2019), of which the steepest one, all of it in one value, is the
    /// case of the smallest share.
    /// - Parameter share: of the image's values, at least one of which moves. Values of equal derivatives move together.
    public static func sparseStep(
        _ count: Int, _ image: Destination, along gradient: Source, length: Double, share: Double
    ) {
        let least = max(magnitude(atRank: values(share: share, of: count), of: gradient, count), .leastNonzeroMagnitude)
        var moved = 0
        for i in 0..<count where abs(gradient[i]) >= least { moved += 1 }
        guard moved > 0, least.isFinite else { return }
        let step = length / Double(moved)
        for i in 0..<count where abs(gradient[i]) >= least {
            image[i] = Scalar(Double(image[i]) + (gradient[i] > 0 ? step : -step))
        }
    }

    /// How many values a share is, one at least.
    static func values(share: Double, of count: Int) -> Int {
        count - min(max(Int((1 - share) * Double(count)), 0), count - 1)
    }

    /// The size that so many values have or exceed: the bits of numbers that are not negative have the numbers' order,
    /// so one of them after the other is found by counting.
    static func magnitude(atRank rank: Int, of values: Source, _ count: Int) -> Scalar {
        var bits: Scalar.RawSignificand = 0
        for place in (0..<Scalar.RawSignificand.bitWidth - 1).reversed() {
            let candidate = Scalar(bitPattern: .init(bits | 1 << Scalar.RawSignificand(place)))
            var found = 0
            for i in 0..<count { found &+= abs(values[i]) >= candidate ? 1 : 0 }
            if found >= rank { bits |= 1 << Scalar.RawSignificand(place) }
        }
        return Scalar(bitPattern: .init(bits))
    }
}
