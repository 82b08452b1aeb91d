import Kernels

/// Distances are taken in Double on the numbers as they are stored, so that "within epsilon" is a fact about the
/// images and does not hide a tolerance.
extension ThreatModel {
    /// The norm of a - b.
    public func distance(_ count: Int, _ a: Source, _ b: Source) -> Double {
        switch norm {
        case .l0: return Double((0..<count).count { a[$0] != b[$0] })
        case .l1: return doubleSum(count) { abs(Double(a[$0]) - Double(b[$0])) }
        case .l2:
            return doubleSum(count) {
                let difference = Double(a[$0]) - Double(b[$0])
                return difference * difference
            }.squareRoot()
        case .linf:
            var total = 0.0
            for i in 0..<count {
                let difference = abs(Double(a[i]) - Double(b[i]))
                // In this form a NaN stays.
                if !(difference <= total) { total = difference }
            }
            return total
        }
    }

    /// Whether an image lies in the ball around the original and in the box.
    public func allows(_ count: Int, _ image: Source, original: Source) -> Bool {
        (0..<count).allSatisfy { box.contains(image[$0]) } && distance(count, image, original) <= epsilon
    }

    /// Moves an image into the ball around the original and into the box, in which the original must lie: `allows`
    /// holds afterwards. Values that are not finite become the original's.
    ///
    /// Under `l0`, `l1` and `linf` this is the nearest allowed image up to rounding; under `l2`, as customary, the image is
    /// scaled onto the ball first and clipped then.
    public func project(_ count: Int, _ image: Destination, original: Source) {
        for i in 0..<count where !image[i].isFinite { image[i] = original[i] }
        switch norm {
        case .l0: keepLargestChanges(count, image, original: original)
        case .l1:
            shrinkSparsely(count, image, original: original)
            shrinkIntoBall(count, image, original: original)
        case .l2: shrinkIntoBall(count, image, original: original)
        case .linf: clipIntoCube(count, image, original: original)
        }
        for i in 0..<count { image[i] = min(max(image[i], box.lowerBound), box.upperBound) }
    }

    /// As many as epsilon counts; of equal ones those of the first values.
    private func keepLargestChanges(_ count: Int, _ image: Destination, original: Source) {
        // What the box takes away counts before the choice.
        for i in 0..<count { image[i] = min(max(image[i], box.lowerBound), box.upperBound) }
        let kept = epsilon < Double(count) ? Int(epsilon) : count
        guard (0..<count).count(where: { image[$0] != original[$0] }) > kept else { return }
        let sizes = (0..<count).map { abs(image[$0] - original[$0]) }
        let least = sizes.withUnsafeBufferPointer { sizes in
            sizes.baseAddress.map { kept > 0 ? Norm.magnitude(atRank: kept, of: $0, count) : .infinity } ?? 0
        }
        var room = kept - sizes.count { $0 > least }
        for i in 0..<count where !(sizes[i] > least) {
            if sizes[i] == least && room > 0 { room -= 1 } else { image[i] = original[i] }
        }
    }

    private func clipIntoCube(_ count: Int, _ image: Destination, original: Source) {
        for i in 0..<count {
            let centre = Double(original[i])
            if abs(Double(image[i]) - centre) <= epsilon { continue }
            // The bound may round to a number outside.
            var bound = Scalar(image[i] > original[i] ? centre + epsilon : centre - epsilon)
            while abs(Double(bound) - centre) > epsilon { bound = bound < original[i] ? bound.nextUp : bound.nextDown }
            image[i] = bound
        }
    }

    private func shrinkIntoBall(_ count: Int, _ image: Destination, original: Source) {
        // Rounding may leave the scaled image outside by a little, so it is scaled again by ever less than it takes;
        // with a factor of 0 the image is the original.
        var slack = 0.0
        while case let norm = distance(count, image, original), norm > epsilon {
            let factor = epsilon / norm * max(0, 1 - slack)
            for i in 0..<count {
                let centre = Double(original[i])
                image[i] = Scalar(centre + (Double(image[i]) - centre) * factor)
            }
            slack = max(1e-8, 4 * slack)
        }
    }
}
