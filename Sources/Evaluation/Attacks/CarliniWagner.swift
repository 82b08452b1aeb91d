import Autodiff
import Formats
import Kernels
import Models
import Perturbations

/// The optimisation attack of Carlini and Wagner (2017): Adam on |x' - x|^2 + c max(z_y - max z_i, 0) over i != y, with
/// x' in the box by a change of variables to tanh, and a search for the c of each image: ten times as much while it
/// fails, then bisection. An image is done with as soon as it is broken within the budget.
///
/// Under `linf` this is not their l-infinity attack: the change of variables is to the cube within the box, only the
/// margin is minimised, and there is no c to look for.
public struct CarliniWagner: Attack {
    public var name: String
    /// Most steps of Adam for each c.
    public var steps: Int
    /// Values of c that are tried.
    public var searches: Int
    /// The c that each image begins with.
    public var firstWeight: Double

    /// Under `linf` the variables have a shorter way to go, and a sign to find rather than a distance.
    private static let learningRate: [ThreatModel.Norm: Double] = [.l2: 0.01, .linf: 0.05]
    /// A descent ends when a tenth of its steps have not lowered the loss by this share, as in the authors' program.
    private static let progress = 1e-4

    /// The authors' numbers, but for a tenth of their steps, unless others are given.
    public init(name: String = "cw", steps: Int = 1000, searches: Int = 9, firstWeight: Double = 1e-3) {
        precondition(steps > 0 && searches > 0, "CarliniWagner: \(steps) steps, \(searches) searches")
        self.name = name
        self.steps = steps
        self.searches = searches
        self.firstWeight = firstWeight
    }

    public let norms: [ThreatModel.Norm] = [.l2, .linf]
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        [
            .init("steps", JSONValue(steps)), .init("searches", JSONValue(searches)),
            .init("first_weight", JSONValue(firstWeight)),
        ]
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.margin.validate(classes: problem.classes, targeted: false)
    }

    public func passes(_ problem: AttackProblem) -> Int { searches * (steps + 1) }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount
        return Tensor(batch.images.shape, in: batch.images.pool) { result in
            result.update(from: batch.images.pointer, count: batch.count * size)
            var weights = (0..<batch.count).map { _ in Bisection(firstWeight) }
            var rows = Array(0..<batch.count)
            for _ in 0..<(context.threat.norm == .l2 ? searches : 1) where !rows.isEmpty {
                let tried = rows.map { weights[$0].value }
                let outcomes = descend(batch.rows(rows), weights: tried, context) { place, image in
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
        _ batch: AttackBatch, weights: [Double], _ context: AttackContext, found: (_ row: Int, Source) -> Void
    ) -> [Outcome] {
        let size = batch.imageCount, threat = context.threat
        let rate = Self.learningRate[threat.norm] ?? 0
        let paths = (0..<batch.count).map { BoxedDescent(size, original: batch.image($0), threat, rate: rate) }
        var outcomes = [Outcome](repeating: .never, count: batch.count)
        var lossAtCheck = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        for step in 0...steps where !rows.isEmpty {
            let images = Tensor([rows.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
                for (place, row) in rows.enumerated() { paths[row].write(to: out + place * size) }
            }
            var margins: [Double] = []
            let pass = context.classifier.inputGradient(of: images) { logits in
                let evaluation = AttackLoss.margin.evaluate(logits, ofRows: rows, in: batch, targets: nil)
                margins = evaluation.values
                return evaluation.direction
            }
            context.stepDone()
            defer { withExtendedLifetime((images, pass)) {} }
            let labels = rows.map { batch.labels[$0] }
            let isBroken = context.confirmed(
                zip(Classifier.predictions(fromLogits: pass.logits), labels).map { $0 != $1 }, images, labels)
            var isDone = [Bool](repeating: false, count: batch.count)
            for (place, row) in rows.enumerated() {
                let image = images.pointer + place * size
                if isBroken[place] {
                    if outcomes[row] == .never { outcomes[row] = .tooFar }
                    if threat.allows(size, image, original: batch.image(row)) {
                        outcomes[row] = .withinBudget
                        isDone[row] = true
                        found(row, image)
                        continue
                    }
                }
                // The margin counts until the image is misclassified; the distance always, if it is minimised.
                let weight = margins[place] <= 0 || !isBroken[place] ? weights[row] : 0
                let distance = paths[row].step(
                    margin: pass.gradient.pointer + place * size, weight: weight,
                    distanceWeight: threat.norm == .l2 ? 1 : 0)
                if step % max((steps + 9) / 10, 1) == 0 {
                    let loss = distance - weight * margins[place]
                    // In this form a NaN ends it.
                    isDone[row] = !(loss <= (1 - Self.progress) * lossAtCheck[row])
                    lossAtCheck[row] = loss
                }
            }
            rows.removeAll { isDone[$0] }
        }
        return outcomes
    }
}
