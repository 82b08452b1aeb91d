import Kernels

extension ThreatModel {
    /// Moves an image to the nearest one in the `l1` ball and the box up to rounding, which most values then share with
    /// the original (Croce and Hein 2021, "Mind the box", proposition 2.1): all changes d lose the same amount, and
    /// end at the box,
    ///
    ///     sign(d_i) min(max(|d_i| - amount, 0), room_i)
    ///
    /// with the smallest amount that leaves a length of epsilon.
    func shrinkSparsely(_ count: Int, _ image: Destination, original: Source) {
        let low = Double(box.lowerBound), high = Double(box.upperBound)
        let sizes = (0..<count).map { abs(Double(image[$0]) - Double(original[$0])) }
        let rooms = (0..<count).map { i -> Double in
            let centre = Double(original[i]), above = high - centre, below = centre - low
            return image[i] > original[i] ? above : below
        }
        let amount = Self.amount(sizes, rooms: rooms, leaving: epsilon)
        for i in 0..<count {
            let left = min(max(sizes[i] - amount, 0), rooms[i]), centre = Double(original[i])
            image[i] = left == 0 ? original[i] : Scalar(image[i] > original[i] ? centre + left : centre - left)
        }
    }

    /// The amount that leaves `length` of sizes that all lose as much and end at their rooms.
    static func amount(_ sizes: [Double], rooms: [Double], leaving length: Double) -> Double {
        sizes.withUnsafeBufferPointer { sizes in
            rooms.withUnsafeBufferPointer { amount(sizes, rooms: $0, leaving: length) }
        }
    }

    /// What is left falls with the amount in straight pieces, so Newton's method ends on the right one; a bisection now
    /// and then sees to it that it gets there.
    private static func amount(
        _ sizes: UnsafeBufferPointer<Double>, rooms: UnsafeBufferPointer<Double>, leaving length: Double
    ) -> Double {
        func excess(_ amount: Double) -> Double {
            doubleSum(sizes.count) { min(max(sizes[$0] - amount, 0), rooms[$0]) } - length
        }
        var low = 0.0, high = sizes.reduce(0, max), amount = 0.0, found = excess(0)
        guard found > 0 else { return 0 }
        for iteration in 1... {
            if found > 0 { low = amount } else { high = amount }
            let slope = doubleSum(sizes.count) {
                let rest = sizes[$0] - amount
                return rest > 0 && rest < rooms[$0] ? 1 : 0
            }
            var next = amount + found / slope
            if iteration % 4 == 0 || !(next > low && next < high) { next = low + (high - low) / 2 }
            guard abs(found) > 1e-13 * length, next > low, next < high else { break }
            amount = next
            found = excess(amount)
        }
        return amount
    }
}
