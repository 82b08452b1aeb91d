import Kernels

extension ThreatModel {
    /// Moves an image by `length` where a linear function of this gradient rises most: along the gradient under `l2`,
    /// along its signs under `linf`, along the signs of its largest hundredth under `l1`, where the very steepest would
    /// move one value only. A gradient that is zero or not finite moves nothing. Not for `l0`.
    ///
    /// Under `l1` derivatives that lead out of the box, from values that are at its edge, count as zero: the few values
    /// that move would else be the same ones for ever, and none of them would get anywhere. Under the other norms all
    /// values move, so those go on that can.
    public func step(_ count: Int, _ image: Destination, along gradient: Source, length: Double) {
        guard norm == .l1 else { return norm.step(count, image, along: gradient, length: length) }
        // A projection into the ball may leave a value short of the edge by its last digits.
        let low = Double(box.lowerBound), high = Double(box.upperBound)
        let least = 1e-3 * min(length / Double(Norm.values(share: Self.share, of: count)), high - low)
        let inward = (0..<count).map { i -> Scalar in
            let room = gradient[i] > 0 ? high - Double(image[i]) : Double(image[i]) - low
            return room <= least && gradient[i].isFinite ? 0 : gradient[i]
        }
        Norm.sparseStep(count, image, along: inward, length: length, share: Self.share)
    }

    /// Of the values, those that a step moves under `l1`.
    private static let share = 0.01
}

extension ThreatModel.Norm {
    /// The same where no box matters, under `l2` and `linf`.
    func step(_ count: Int, _ image: Destination, along gradient: Source, length: Double) {
        switch self {
        case .l0, .l1: preconditionFailure("ThreatModel.Norm.step: \(rawValue)")
        case .l2:
            let squared = doubleSum(count) { Double(gradient[$0]) * Double(gradient[$0]) }
            guard squared > 0, squared.isFinite else { return }
            let factor = length / squared.squareRoot()
            for i in 0..<count { image[i] = Scalar(Double(image[i]) + factor * Double(gradient[i])) }
        case .linf:
            let up = Scalar(length)
            for i in 0..<count {
                if gradient[i] > 0 { image[i] += up } else if gradient[i] < 0 { image[i] -= up }
            }
        }
    }
}
