import Autodiff
import Formats
import Kernels
import Perturbations

/// The fast adaptive boundary attack (Croce and Hein 2020) as AutoAttack runs it: it looks for the nearest image that another
/// class claims, and ignores the budget while it looks. Targeted (`fab-t`) it goes towards one class after the other; without
/// targets, each step towards the class whose boundary is nearest.
///
/// Not a `MinimalNormAttack`, which is run to its end on every image: AutoAttack is done with an image that is broken.
public struct FAB: Attack {
    public var name: String
    /// Of each run.
    public var steps: Int
    /// What images are to be taken for.
    public var goal: AttackGoal
    /// Runs, towards each class where the goal has classes: the first from the clean image, the others from random points.
    public var restarts: Int

    /// Most weight of the clean image's own step, overshoot past the hyperplane, and how much of the way is kept after
    /// a success.
    private static let maximalPull = 0.1, overshoot = 1.05, retreat = 0.9
    /// Of the radius, that of the sphere on which the random points lie.
    private static let startRadius = 0.5

    /// AutoAttack's numbers unless others are given.
    public init(name: String = "fab-t", steps: Int = 100, goal: AttackGoal = .likeliest(9), restarts: Int = 1) {
        precondition(steps > 0 && restarts > 0, "FAB: \(steps) steps, \(restarts) restarts")
        self.name = name
        self.steps = steps
        self.goal = goal
        self.restarts = restarts
    }

    public let norms = ThreatModel.Norm.proper
    public var endsOnBoundary: Bool { true }
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        [.init("steps", JSONValue(steps))] + goal.settings
            + (restarts > 1 ? [.init("restarts", JSONValue(restarts))] : [])
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.margin.validate(classes: problem.classes, targeted: true)
    }

    public func fitted(to problem: AttackProblem) -> any Attack {
        var fitted = self
        fitted.goal = goal.limited(to: problem)
        return fitted
    }

    public func passes(_ problem: AttackProblem) -> Int {
        let gradients = goal.targets == nil ? problem.classes - 1 : 1
        return goal.passesToChoose(problem) + goal.runs(problem, restarts: restarts) * (gradients + 1) * steps
    }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        nearest(batch, context, until: context.threat.epsilon).within(context.threat.epsilon, of: batch)
    }

    /// The nearest misclassified images that the attack finds, whatever the budget.
    /// - Parameter until: an image is done with when one has been found within this distance.
    public func nearest(_ batch: AttackBatch, _ context: AttackContext, until: Double = 0) -> NearestImages {
        let context = context.searchingAsTheJudge()
        let ranking = goal.targets == nil ? nil : context.wrongClasses(batch, by: goal), size = batch.imageCount
        let classes = goal.targets.map { min($0, context.classifier.classes - 1) } ?? 1
        var distances = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        let images = Tensor(batch.images.shape, in: batch.images.pool) { out in
            out.update(from: batch.images.pointer, count: batch.count * size)
            for run in 0..<classes * restarts where !rows.isEmpty {
                let targets = ranking.map { ranking in rows.map { ranking[$0][run / restarts] } }
                let part = batch.rows(rows)
                let found = search(
                    part, towards: targets, from: starts(part, run: run, context), context, until: until)
                defer { withExtendedLifetime(found) {} }
                for (place, row) in rows.enumerated() where found.distances[place] < distances[row] {
                    distances[row] = found.distances[place]
                    (out + row * size).update(from: found.images.pointer + place * size, count: size)
                }
                rows.removeAll { distances[$0] <= until }
            }
        }
        return NearestImages(images: images, distances: distances)
    }

    /// Where the images of a run begin.
    private func starts(_ batch: AttackBatch, run: Int, _ context: AttackContext) -> [[Double]] {
        let size = batch.imageCount, threat = context.threat
        let low = Double(threat.box.lowerBound), high = Double(threat.box.upperBound)
        return batch.indices.enumerated().map { row, index in
            let original = (0..<size).map { Double(batch.image(row)[$0]) }
            guard run % restarts > 0 else { return original }
            var stream = context.stream(name, run: run, sample: index)
            let direction = (0..<size).map { _ in
                threat.norm == .linf ? 2 * stream.uniform() - 1 : stream.normal()
            }
            let scale = Self.startRadius * threat.epsilon / max(threat.norm.length(of: direction), 1e-12)
            return (0..<size).map { min(max(original[$0] + scale * direction[$0], low), high) }
        }
    }

    /// One run, towards a class for each image or the nearest ones.
    private func search(
        _ batch: AttackBatch, towards targets: [Int]?, from starts: [[Double]], _ context: AttackContext, until: Double
    ) -> NearestImages {
        let size = batch.imageCount, threat = context.threat
        let projection = HyperplaneProjection(norm: threat.norm, box: threat.box)
        let originals = (0..<batch.count).map { row in (0..<size).map { Double(batch.image(row)[$0]) } }
        var current = starts
        var distances = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        let images = Tensor(batch.images.shape, in: batch.images.pool) { nearest in
            nearest.update(from: batch.images.pointer, count: batch.count * size)
            for _ in 0..<steps where !rows.isEmpty {
                let places = pack(rows.map { current[$0] }, batch)
                let gaps =
                    targets.map { context.logitGaps(of: places, rows: rows, in: batch, targets: $0) }
                    ?? context.nearestLogitGaps(of: places, rows: rows, in: batch)
                for (gap, row) in zip(gaps, rows) {
                    current[row] = step(
                        from: current[row], original: originals[row], weights: gap.gradient, gap: -gap.value, projection
                    )
                }
                let candidates = pack(rows.map { current[$0] }, batch)
                defer { withExtendedLifetime(candidates) {} }
                let isBroken = context.classifier.misclassifies(candidates, rows.map { batch.labels[$0] })
                context.stepDone()
                for (place, row) in rows.enumerated() where isBroken[place] {
                    let image = candidates.pointer + place * size
                    let distance = threat.distance(size, image, batch.image(row))
                    if distance < distances[row] {
                        distances[row] = distance
                        (nearest + row * size).update(from: image, count: size)
                    }
                    for i in 0..<size {
                        current[row][i] = originals[row][i] + Self.retreat * (current[row][i] - originals[row][i])
                    }
                }
                rows.removeAll { distances[$0] <= until }
            }
        }
        return NearestImages(images: images, distances: distances)
    }

    /// The next point on the way to the hyperplane <weights, v> = <weights, current> + `gap`, pulled towards the way
    /// there from the clean image.
    private func step(
        from current: [Double], original: [Double], weights: [Double], gap: Double, _ projection: HyperplaneProjection
    ) -> [Double] {
        let fromCurrent = projection.move(current, weights, gap: gap)
        // The same hyperplane, seen from the clean image.
        let between = doubleSum(current.count) { weights[$0] * (current[$0] - original[$0]) }
        let fromOriginal = projection.move(original, weights, gap: gap + between)
        let near = max(projection.norm.length(of: fromCurrent), 1e-8)
        let far = max(projection.norm.length(of: fromOriginal), 1e-8)
        let pull = min(near / (near + far), Self.maximalPull)
        let low = Double(projection.box.lowerBound), high = Double(projection.box.upperBound)
        return current.indices.map { i in
            let own = current[i] + Self.overshoot * fromCurrent[i]
            let clean = original[i] + Self.overshoot * fromOriginal[i]
            return min(max((1 - pull) * own + pull * clean, low), high)
        }
    }

    private func pack(_ images: [[Double]], _ batch: AttackBatch) -> Tensor {
        let size = batch.imageCount
        return Tensor([images.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
            for (place, image) in images.enumerated() {
                for i in 0..<size { out[place * size + i] = Scalar(image[i]) }
            }
        }
    }
}
