import Autodiff
import Formats
import Kernels
import Perturbations

/// The fast adaptive boundary attack (Croce and Hein 2020), targeted, as AutoAttack's standard version runs it
/// (`fab-t`): it looks for the nearest image that another class claims, and ignores the budget while it looks.
public struct FAB: Attack {
    public var name: String
    /// Towards each class.
    public var steps: Int
    /// Likeliest wrong classes that are tried.
    public var targetClasses: Int

    /// Most weight of the clean image's own step, overshoot past the hyperplane, and how much of the way is kept after
    /// a success.
    private static let maximalPull = 0.1, overshoot = 1.05, retreat = 0.9

    /// AutoAttack's numbers unless others are given.
    public init(name: String = "fab-t", steps: Int = 100, targetClasses: Int = 9) {
        precondition(steps > 0 && targetClasses > 0, "FAB: \(steps) steps, \(targetClasses) classes")
        self.name = name
        self.steps = steps
        self.targetClasses = targetClasses
    }

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        [.init("steps", JSONValue(steps)), .init("target_classes", JSONValue(targetClasses))]
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.margin.validate(classes: problem.classes, targeted: true)
    }

    public func passes(_ problem: AttackProblem) -> Int { min(targetClasses, problem.classes - 1) * (2 * steps + 1) }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        nearest(batch, context, until: context.threat.epsilon).within(context.threat.epsilon, of: batch)
    }

    /// The nearest misclassified images that the attack finds, whatever the budget.
    /// - Parameter until: an image is done with when one has been found within this distance.
    public func nearest(_ batch: AttackBatch, _ context: AttackContext, until: Double = 0) -> NearestImages {
        let ranking = context.likeliestWrongClasses(batch), size = batch.imageCount
        var distances = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        let images = Tensor(batch.images.shape, in: batch.images.pool) { out in
            out.update(from: batch.images.pointer, count: batch.count * size)
            for place in 0..<min(targetClasses, context.classifier.classes - 1) where !rows.isEmpty {
                let targets = rows.map { ranking[$0][place] }
                let found = search(batch.rows(rows), towards: targets, context, until: until)
                defer { withExtendedLifetime(found) {} }
                for (part, row) in rows.enumerated() where found.distances[part] < distances[row] {
                    distances[row] = found.distances[part]
                    (out + row * size).update(from: found.images.pointer + part * size, count: size)
                }
                rows.removeAll { distances[$0] <= until }
            }
        }
        return NearestImages(images: images, distances: distances)
    }

    /// The same towards one class for each image.
    private func search(
        _ batch: AttackBatch, towards targets: [Int], _ context: AttackContext, until: Double
    ) -> NearestImages {
        let size = batch.imageCount, threat = context.threat
        let projection = HyperplaneProjection(norm: threat.norm, box: threat.box)
        let originals = (0..<batch.count).map { row in (0..<size).map { Double(batch.image(row)[$0]) } }
        var current = originals
        var distances = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        let images = Tensor(batch.images.shape, in: batch.images.pool) { nearest in
            nearest.update(from: batch.images.pointer, count: batch.count * size)
            for _ in 0..<steps where !rows.isEmpty {
                let slopes = logitGaps(
                    of: pack(rows.map { current[$0] }, batch), rows: rows, in: batch, targets: targets, context)
                for (place, row) in rows.enumerated() {
                    let start = slopes.gradient.pointer + place * size
                    let weights = (0..<size).map { Double(start[$0]) }
                    current[row] = step(
                        from: current[row], original: originals[row], weights: weights, gap: -slopes.values[place],
                        projection)
                }
                let candidates = pack(rows.map { current[$0] }, batch)
                defer { withExtendedLifetime((slopes, candidates)) {} }
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

    /// z_t - z_y and its gradient.
    private func logitGaps(
        of images: Tensor, rows: [Int], in batch: AttackBatch, targets: [Int], _ context: AttackContext
    ) -> (values: [Double], gradient: Tensor) {
        let pass = context.classifier.inputGradient(of: images) { logits in
            Tensor(logits.shape, in: logits.pool) { out in
                out.update(repeating: 0, count: logits.shape.count)
                for (place, row) in rows.enumerated() {
                    out[place * logits.shape[-1] + targets[row]] = 1
                    out[place * logits.shape[-1] + batch.labels[row]] = -1
                }
            }
        }
        context.stepDone()
        defer { withExtendedLifetime(pass) {} }
        let values = rows.enumerated().map { place, row in
            let z = pass.logits.pointer + place * pass.logits.shape[-1]
            return Double(z[targets[row]]) - Double(z[batch.labels[row]])
        }
        return (values, pass.gradient)
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
