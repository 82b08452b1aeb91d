import Glibc
import Kernels
import Perturbations

/// Adam (Kingma and Ba 2015) on unbounded variables of an image that must stay in an interval in each of its values:
/// the middle plus half the width times tanh of the variable. Where there is no box, the variables are the values.
final class BoxedDescent {
    private let original: [Double]
    private let middle: [Double]
    private let half: [Double]
    private let isBounded: Bool
    private let rate: Double
    private var variables: [Double]
    /// Of the image written last.
    private var values: [Double]
    private var mean: [Double]
    private var square: [Double]
    private var steps = 0

    /// How near the variables' start is to the edge of an interval whose edge the image's value is: there a variable
    /// would be infinite. Within the box as Carlini and Wagner, whose distances would see more. In a cube around the
    /// image nothing measures the distance, and near the edge tanh is so flat that nothing moves for long.
    private static let start: [ThreatModel.Norm: Double] = [.l2: 0.999999, .linf: 0.99]

    /// Within the box and, under `linf`, the cube around the original.
    init(_ count: Int, original: Source, _ threat: ThreatModel, rate: Double) {
        let original = (0..<count).map { Double(original[$0]) }
        let isBounded = threat.norm == .linf || threat.box != ThreatModel.unbounded
        let reach = threat.norm == .linf ? threat.epsilon : .infinity
        let low = original.map { max(Double(threat.box.lowerBound), $0 - reach) }
        let high = original.map { min(Double(threat.box.upperBound), $0 + reach) }
        let middle = zip(low, high).map { $0 / 2 + $1 / 2 }
        let half = zip(low, high).map { $1 / 2 - $0 / 2 }
        let start = Self.start[threat.norm] ?? 1
        variables =
            isBounded
            ? (0..<count).map { half[$0] > 0 ? atanh(start * (original[$0] - middle[$0]) / half[$0]) : 0 } : original
        self.original = original
        self.isBounded = isBounded
        self.middle = middle
        self.half = half
        self.rate = rate
        values = original
        mean = Array(repeating: 0, count: count)
        square = mean
    }

    func write(to image: Destination) {
        for i in values.indices {
            values[i] = isBounded ? middle[i] + half[i] * tanh(variables[i]) : variables[i]
            image[i] = Scalar(values[i])
        }
    }

    /// A step down `distanceWeight` times the squared distance from the original less `weight` times a function whose
    /// gradient by the image written last is `margin`. Returns that image's squared distance, weighted.
    func step(margin: Source, weight: Double, distanceWeight: Double) -> Double {
        steps += 1
        let meanShare = 1 - pow(0.9, Double(steps)), squareShare = 1 - pow(0.999, Double(steps))
        var total = 0.0
        for i in values.indices {
            let change = values[i] - original[i]
            total += change * change
            var gradient = 2 * distanceWeight * change - weight * Double(margin[i])
            if isBounded {
                let share = half[i] > 0 ? (values[i] - middle[i]) / half[i] : 0
                gradient *= half[i] * (1 - share * share)
            }
            guard gradient.isFinite else { continue }
            mean[i] += 0.1 * (gradient - mean[i])
            square[i] += 0.001 * (gradient * gradient - square[i])
            variables[i] -= rate * (mean[i] / meanShare) / ((square[i] / squareShare).squareRoot() + 1e-8)
        }
        return distanceWeight * total
    }
}
