import Autodiff
import Failures
import Glibc
import Kernels

/// What an attack makes large: a function of one image's logits z, its label y and, in a targeted attack, a class t.
///
/// | | untargeted | targeted |
/// |---|---|---|
/// | `ce` | -log p_y | log p_t |
/// | `margin` (Carlini and Wagner 2017) | max over i != y of z_i, minus z_y | z_t minus max over i != t of z_i |
/// | `dlr` (Croce and Hein 2020) | the same / (z_(1) - z_(3)) | (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2) |
///
/// z_(k) is the k-th largest logit.
public enum AttackLoss: String, Sendable, CaseIterable {
    case crossEntropy = "ce"
    case margin = "margin"
    case logitRatio = "dlr"

    /// The loss of one image.
    public struct Evaluation {
        /// What the attack makes larger; infinite or not a number where logits are.
        public let value: Double
        /// The derivative by the logits times a positive factor, which steps of a given length do not see. Its largest
        /// magnitude is 1, unless it is zero. For cross-entropy the factor is 1 / (1 - p_y), or 1 / (1 - p_t): so the
        /// derivative does not vanish on a confident model, where that of -log p_y rounds to zero.
        public let direction: [Double]
        /// What times the direction is the derivative.
        public let scale: Double
    }

    /// Throws `usage` where the loss is not defined for a model of so few classes.
    public func validate(classes: Int, targeted: Bool) throws {
        let least =
            switch self {
            case .crossEntropy, .margin: 2
            case .logitRatio: targeted ? 4 : 3
            }
        guard classes >= least else {
            let loss = (targeted ? "targeted " : "") + rawValue
            throw Failure(.usage, "an attack on the loss \(loss) needs \(least) classes, the model has \(classes)")
        }
    }

    /// A zero direction, and a value that is not a number, where a logit is not finite.
    public func evaluate(_ logits: [Double], label: Int, target: Int? = nil) -> Evaluation {
        precondition(
            logits.indices.contains(label) && logits.indices.contains(target ?? 0) && logits.count > 1,
            "AttackLoss: label \(label), target \(target ?? 0) of \(logits.count) classes")
        guard logits.allSatisfy(\.isFinite) else {
            return Evaluation(value: .nan, direction: Array(repeating: 0, count: logits.count), scale: 0)
        }
        switch self {
        case .crossEntropy: return Self.crossEntropy(logits, label: label, target: target)
        case .margin: return Self.margin(logits, label: label, target: target)
        case .logitRatio: return Self.logitRatio(logits, label: label, target: target)
        }
    }

    /// The losses of some of a batch's images, their directions, [rows, classes], and these directions' scales.
    /// - Parameters:
    ///   - logits: [rows, classes]
    ///   - targets: of all the batch's images, or nil.
    func evaluate(
        _ logits: Tensor, ofRows rows: [Int], in batch: AttackBatch, targets: [Int]?
    ) -> (values: [Double], scales: [Double], direction: Tensor) {
        let classes = logits.shape[-1]
        var values: [Double] = [], scales: [Double] = []
        let direction = Tensor(logits.shape, in: logits.pool) { out in
            for (place, row) in rows.enumerated() {
                let z = (0..<classes).map { Double(logits.pointer[place * classes + $0]) }
                let evaluation = evaluate(z, label: batch.labels[row], target: targets?[row])
                values.append(evaluation.value)
                scales.append(evaluation.scale)
                for (index, value) in evaluation.direction.enumerated() { out[place * classes + index] = Scalar(value) }
            }
        }
        return (values, scales, direction)
    }

    private static func crossEntropy(_ z: [Double], label: Int, target: Int?) -> Evaluation {
        let subject = target ?? label, sign = target == nil ? 1.0 : -1.0
        // log p = -log(1 + sum over the others of exp(z_i - z_subject)), with the largest term taken out.
        let largest = largest(of: z, except: subject)
        let others = z.indices.map { $0 == subject ? 0 : exp(z[$0] - z[largest]) }
        let total = others.reduce(0, +)
        let gap = z[largest] - z[subject] + log(total)
        let negativeLogProbability = gap > 0 ? gap + log1p(exp(-gap)) : log1p(exp(gap))
        var direction = others.map { sign * $0 / total }
        direction[subject] = -sign
        return Evaluation(
            value: sign * negativeLogProbability, direction: direction, scale: -expm1(-negativeLogProbability))
    }

    private static func margin(_ z: [Double], label: Int, target: Int?) -> Evaluation {
        let rival = largest(of: z, except: target ?? label)
        let (up, down) = target.map { ($0, rival) } ?? (rival, label)
        var direction = z.map { _ in 0.0 }
        direction[up] += 1
        direction[down] -= 1
        return Evaluation(value: z[up] - z[down], direction: direction, scale: 1)
    }

    private static func logitRatio(_ z: [Double], label: Int, target: Int?) -> Evaluation {
        let order = z.indices.sorted { (z[$1], $0) < (z[$0], $1) }
        precondition(order.count >= (target == nil ? 3 : 4), "AttackLoss: dlr with \(z.count) classes")
        let rival = target ?? largest(of: z, except: label)
        let subtracted = target == nil ? [(order[2], 1.0)] : [(order[2], 0.5), (order[3], 0.5)]
        let numerator = z[label] - z[rival]
        let denominator = z[order[0]] - subtracted.reduce(0) { $0 + $1.1 * z[$1.0] } + 1e-12
        // The quotient rule, times the denominator.
        let ratio = numerator / denominator
        var direction = z.map { _ in 0.0 }
        direction[label] -= 1
        direction[rival] += 1
        direction[order[0]] += ratio
        for (index, weight) in subtracted { direction[index] -= ratio * weight }
        let magnitude = direction.reduce(0) { max($0, abs($1)) }
        return Evaluation(
            value: -ratio, direction: magnitude > 0 ? direction.map { $0 / magnitude } : direction,
            scale: magnitude / denominator)
    }

    private static func largest(of z: [Double], except index: Int) -> Int {
        var best = index == 0 ? 1 : 0
        for i in z.indices where i != index && z[i] > z[best] { best = i }
        return best
    }
}
