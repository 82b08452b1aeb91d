import Glibc
import Kernels

/// Unbounded variables for an image that must stay in an interval in each of its values: the middle plus half the width
/// times tanh of the variable. Where there is no box, the image's own values.
struct BoxVariables {
    private let original: [Double]
    private let middle: [Double]
    private let half: [Double]
    private let isBounded: Bool

    /// Within the box and, under `linf`, the cube around the original.
    init(_ count: Int, original: Source, _ threat: ThreatModel) {
        self.original = (0..<count).map { Double(original[$0]) }
        isBounded = threat.norm == .linf || threat.box != ThreatModel.unbounded
        let reach = threat.norm == .linf ? threat.epsilon : .infinity
        let low = self.original.map { max(Double(threat.box.lowerBound), $0 - reach) }
        let high = self.original.map { min(Double(threat.box.upperBound), $0 + reach) }
        middle = zip(low, high).map { $0 / 2 + $1 / 2 }
        half = zip(low, high).map { $1 / 2 - $0 / 2 }
    }

    /// The variables of almost the original: at the edge of the interval they would be infinite, and near it tanh is so
    /// flat that nothing moves for long.
    func start() -> [Double] {
        guard isBounded else { return original }
        return original.indices.map { i in
            half[i] > 0 ? atanh(0.99 * (original[i] - middle[i]) / half[i]) : 0
        }
    }

    func write(_ variables: [Double], to image: Destination) {
        for i in variables.indices {
            image[i] = Scalar(isBounded ? middle[i] + half[i] * tanh(variables[i]) : variables[i])
        }
    }

    /// A gradient with respect to the image as one with respect to the variables.
    func pulledBack(_ gradient: [Double], at variables: [Double]) -> [Double] {
        guard isBounded else { return gradient }
        return gradient.indices.map { i in
            let value = tanh(variables[i])
            return gradient[i] * half[i] * (1 - value * value)
        }
    }
}
