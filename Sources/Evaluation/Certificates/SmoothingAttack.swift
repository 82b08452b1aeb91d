import Autodiff
import Failures
import Formats
import Glibc
import Kernels
import Models
import Perturbations

/// Projected gradient descent on a smoothed classifier, as far as it can be differentiated: it makes the mean, over some
/// draws of noise, of a class's probability small (Salman, Li, Razenshteyn, Zhang, Zhang, Bubeck, Yang 2019). The draws
/// are an image's own, the same in every step. A certificate holds against it, and against all else.
public struct SmoothingAttack: Sendable, Equatable {
    /// Of 2.5 / steps of the radius each, beginning at the image.
    public let steps: Int
    /// Of noise.
    public let draws: Int

    /// Throws `usage` for numbers that make no sense.
    public init(steps: Int, draws: Int) throws {
        for (name, count) in [("attack", steps), ("attack-draws", draws)] where !(1...10_000).contains(count) {
            throw Failure(.usage, "\(name) is \(count), expected 1 to 10000")
        }
        self.steps = steps
        self.draws = draws
    }

    /// The image, moved by at most `radius` in L2 away from a class. Whether it stays among pixels is of no account, as a
    /// certificate does not ask for it either.
    /// - Parameters:
    ///   - image: [H, W, C]
    ///   - number: what its noise is keyed by.
    public func moved(
        _ image: [Scalar], number: Int, awayFrom label: Int, radius: Double, _ smoothed: SmoothedClassifier,
        passDone: () -> Void = {}
    ) -> [Scalar] {
        let threat = ThreatModel(norm: .l2, epsilon: radius, box: ThreatModel.unbounded)
        var moved = image
        for _ in 0..<steps {
            let direction = direction(at: moved, number: number, awayFrom: label, smoothed, passDone: passDone)
            moved.withUnsafeMutableBufferPointer { moved in
                guard let values = moved.baseAddress else { return }
                direction.withUnsafeBufferPointer {
                    guard let direction = $0.baseAddress else { return }
                    threat.step(
                        image.count, values, along: direction, length: 2.5 * radius / Double(steps))
                }
                image.withUnsafeBufferPointer {
                    guard let original = $0.baseAddress else { return }
                    threat.project(image.count, values, original: original)
                }
            }
        }
        return moved
    }

    /// The derivative of -log mean p_y by the image, times a positive factor. The sum over the draws is made in their order,
    /// whatever number of them goes through the network at once.
    private func direction(
        at image: [Scalar], number: Int, awayFrom label: Int, _ smoothed: SmoothedClassifier, passDone: () -> Void
    ) -> [Scalar] {
        // Weights are multiples of a power of two, which follows the largest so far without rounding.
        var sum = [Double](repeating: 0, count: image.count), exponent = -Double.infinity
        for start in stride(from: 0, to: draws, by: smoothed.batch) {
            let part = start..<min(start + smoothed.batch, draws)
            let noisy = smoothed.noisy(image, number: number, draws: part, .certificateAttack)
            var logarithms: [Double] = []
            let pass = smoothed.classifier.inputGradient(of: noisy) { logits in
                let classes = logits.shape[-1]
                let rows = part.indices.map { row in
                    (0..<classes).map { Double(logits.pointer[(row - part.lowerBound) * classes + $0]) }
                }
                logarithms = rows.map { Self.logarithmOfWeight($0, label) }
                let directions = rows.flatMap { AttackLoss.crossEntropy.evaluate($0, label: label).direction }
                return Tensor(logits.shape, directions.map { Scalar($0) }, in: logits.pool)
            }
            withExtendedLifetime(pass) {
                for (row, logarithm) in logarithms.enumerated() where logarithm.isFinite {
                    let own = (logarithm / log(2)).rounded(.up)
                    if own > exponent {
                        let factor = exponent.isFinite ? exp2(exponent - own) : 0
                        for i in sum.indices { sum[i] *= factor }
                        exponent = own
                    }
                    let weight = exp(logarithm - exponent * log(2)),
                        gradient = pass.gradient.pointer + row * image.count
                    for i in sum.indices { sum[i] += weight * Double(gradient[i]) }
                }
            }
            passDone()
        }
        return sum.map { Scalar($0) }
    }

    /// log (p_y (1 - p_y)): the derivative of -p_y is that product times the direction of `AttackLoss`, also where one of
    /// the factors rounds to zero. Logits that are not finite weigh nothing.
    private static func logarithmOfWeight(_ logits: [Double], _ label: Int) -> Double {
        guard logits.allSatisfy(\.isFinite) else { return -.infinity }
        let others = logits.enumerated().filter { $0.offset != label }.map(\.element), largest = others.max() ?? 0
        let gap = abs(largest + log(others.reduce(0) { $0 + exp($1 - largest) }) - logits[label])
        return -gap - 2 * log1p(exp(-gap))
    }

    /// The attack of a `certificate.json`, as it says; nil where it has none.
    public init?(certificate: JSONValue) throws {
        guard let attack = certificate["attack"], let steps = attack["steps"]?.intValue,
            let draws = attack["draws"]?.intValue
        else { return nil }
        try self.init(steps: steps, draws: draws)
    }

    var json: [JSONValue.Member] { [.init("steps", JSONValue(steps)), .init("draws", JSONValue(draws))] }
}
