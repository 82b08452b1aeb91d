import Kernels

extension ThreatModel.Norm {
    /// Moves an image by `length` where a linear function of this gradient rises most: along the gradient under `l2`,
    /// along its signs under `linf`, along the signs of its largest hundredth under `l1`, where the very steepest would
    /// move one value only. A gradient that is zero or not finite moves nothing. Not for `l0`.
    public func step(_ count: Int, _ image: Destination, along gradient: Source, length: Double) {
        switch self {
        case .l0: preconditionFailure("ThreatModel.Norm.step: l0 has no steepest direction")
        case .l1: Self.sparseStep(count, image, along: gradient, length: length, share: 0.01)
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
