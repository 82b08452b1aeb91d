import Autodiff
import Formats
import Glibc
import Kernels

/// The optimisation attack of Carlini and Wagner (2017): Adam on |x' - x|^2 + c max(z_y - max z_i, 0) over i != y, with
/// x' in the box by a change of variables to tanh, and a bisection for the c of each image.
///
/// Under `linf` the change of variables is to the cube within the box instead, so only the margin is minimised and
/// there is no c to look for.
public struct CarliniWagner: Attack {
    public var name: String
    /// Of Adam, for each c.
    public var steps: Int
    /// Values of c that are tried.
    public var searches: Int
    public var learningRate: Double
    public var firstWeight: Double

    public init(
        name: String = "cw", steps: Int = 200, searches: Int = 6, learningRate: Double = 0.05, firstWeight: Double = 0.1
    ) {
        precondition(steps > 0 && searches > 0, "CarliniWagner: \(steps) steps, \(searches) searches")
        self.name = name
        self.steps = steps
        self.searches = searches
        self.learningRate = learningRate
        self.firstWeight = firstWeight
    }

    public var settings: [JSONValue.Member] {
        [
            .init("steps", JSONValue(steps)), .init("searches", JSONValue(searches)),
            .init("learning_rate", JSONValue(learningRate)), .init("first_weight", JSONValue(firstWeight)),
        ]
    }

    public func passes(classes: Int) -> Int { searches * (steps + 1) }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount
        return Tensor(batch.images.shape, in: batch.images.pool) { result in
            result.update(from: batch.images.pointer, count: batch.count * size)
            var weights = (0..<batch.count).map { _ in Bisection(firstWeight) }
            var rows = Array(0..<batch.count)
            for _ in 0..<(context.threat.norm == .l2 ? searches : 1) where !rows.isEmpty {
                let outcomes = descend(batch.rows(rows), rows.map { weights[$0].value }, context) { place, image in
                    (result + rows[place] * size).update(from: image, count: size)
                }
                for (row, outcome) in zip(rows, outcomes) { weights[row].narrow(succeeded: outcome != .never) }
                rows = zip(rows, outcomes).filter { $1 != .withinBudget }.map(\.0)
            }
        }
    }

    private enum Outcome {
        case never, tooFar, withinBudget
    }

    /// The search for the least weight of the margin with which an image breaks at all.
    private struct Bisection {
        var value: Double
        private var low = 0.0
        private var high = Double.infinity

        init(_ value: Double) { self.value = value }

        mutating func narrow(succeeded: Bool) {
            if succeeded { high = value } else { low = value }
            value = high.isFinite ? (low + high) / 2 : 10 * value
        }
    }

    /// One run of Adam on each image. Hands over the first misclassified image within the budget; the image is done
    /// with then.
    private func descend(
        _ batch: AttackBatch, _ weights: [Double], _ context: AttackContext, _ found: (_ row: Int, Source) -> Void
    ) -> [Outcome] {
        let size = batch.imageCount, threat = context.threat
        let spaces = (0..<batch.count).map { BoxVariables(size, original: batch.image($0), threat) }
        var variables = spaces.map { $0.start() }
        var adam = (0..<batch.count).map { _ in Adam(size, rate: learningRate) }
        var outcomes = [Outcome](repeating: .never, count: batch.count)
        var rows = Array(0..<batch.count)
        for _ in 0...steps where !rows.isEmpty {
            let images = Tensor([rows.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
                for (place, row) in rows.enumerated() { spaces[row].write(variables[row], to: out + place * size) }
            }
            var margins: [Double] = []
            let pass = context.classifier.inputGradient(of: images) { logits in
                let evaluation = AttackLoss.margin.evaluate(logits, rows, batch, nil)
                margins = evaluation.values
                return evaluation.direction
            }
            context.stepDone()
            defer { withExtendedLifetime((images, pass)) {} }
            let predictions = Classifier.predictions(fromLogits: pass.logits)
            for (place, row) in rows.enumerated() {
                let image = images.pointer + place * size, original = batch.image(row)
                if predictions[place] != batch.labels[row] {
                    if outcomes[row] == .never { outcomes[row] = .tooFar }
                    if threat.allows(size, image, original: original) {
                        outcomes[row] = .withinBudget
                        found(row, image)
                        continue
                    }
                }
                // The margin counts until the image is misclassified; the distance always, if it is minimised.
                let weight = margins[place] <= 0 ? weights[row] : 0
                let upMargin = pass.gradient.pointer + place * size
                let gradient = (0..<size).map { i in
                    let distance = threat.norm == .l2 ? 2 * (Double(image[i]) - Double(original[i])) : 0
                    return distance - weight * Double(upMargin[i])
                }
                adam[row].step(&variables[row], spaces[row].pulledBack(gradient, at: variables[row]))
            }
            rows.removeAll { outcomes[$0] == .withinBudget }
        }
        return outcomes
    }
}

/// Adam (Kingma and Ba 2015) with its usual constants.
private struct Adam {
    private let rate: Double
    private var mean: [Double]
    private var square: [Double]
    private var steps = 0

    init(_ count: Int, rate: Double) {
        self.rate = rate
        mean = Array(repeating: 0, count: count)
        square = mean
    }

    mutating func step(_ values: inout [Double], _ gradient: [Double]) {
        steps += 1
        let meanShare = 1 - pow(0.9, Double(steps)), squareShare = 1 - pow(0.999, Double(steps))
        for i in values.indices where gradient[i].isFinite {
            mean[i] += 0.1 * (gradient[i] - mean[i])
            square[i] += 0.001 * (gradient[i] * gradient[i] - square[i])
            values[i] -= rate * (mean[i] / meanShare) / ((square[i] / squareShare).squareRoot() + 1e-8)
        }
    }
}
