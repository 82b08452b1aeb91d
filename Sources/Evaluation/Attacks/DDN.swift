import Autodiff
import Formats
import Glibc
import Kernels
import Perturbations

/// Decoupled direction and norm (Rony et al. 2019): each image steps along the gradient of the cross-entropy, and is put on
/// a sphere around the clean one then, which shrinks while it is misclassified and grows while it is not. Pixels are
/// rounded to grey levels, as images are.
public struct DDN: MinimalNormAttack {
    public var name: String
    /// Passes through the network.
    public var steps: Int

    /// Radius of the first sphere, share by which it changes, length of the last step; the first is 1.
    private static let firstRadius = 1.0, rate = 0.05, lastStep = 0.01
    /// Steps between the grey levels of a pixel.
    private static let levels = 255.0

    public init(name: String = "ddn", steps: Int = 100) {
        precondition(steps > 0, "DDN: \(steps) steps")
        self.name = name
        self.steps = steps
    }

    public let norms: [ThreatModel.Norm] = [.l2]
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        [.init("steps", JSONValue(steps)), .init("levels", JSONValue(Int(Self.levels) + 1))]
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.crossEntropy.validate(classes: problem.classes, targeted: false)
        try validate(steps: steps)
    }

    public func passes(_ problem: AttackProblem) -> Int { steps }

    public func nearest(_ batch: AttackBatch, _ context: AttackContext, until: Double) -> NearestImages {
        let search = NearestSearch(batch: batch, context: context, loss: .crossEntropy), furthest = search.furthest()
        let box = context.threat.box, size = batch.imageCount, norm = ThreatModel.Norm.l2
        var radii = [Double](repeating: Self.firstRadius, count: batch.count)
        return search(steps: steps, until: until) { row, step, place, change in
            let share = (1 + cos(.pi * Double(step) / Double(steps))) / 2
            let stepSize = Self.lastStep + (1 - Self.lastStep) * share
            var direction = place.gradient, length = norm.length(of: direction)
            if !(length > 0 && length.isFinite) {
                var stream = context.stream(name, run: step, sample: batch.indices[row])
                direction = (0..<size).map { _ in stream.normal() }
                length = norm.length(of: direction)
            }
            for i in 0..<size { change[i] += stepSize / length * direction[i] }
            radii[row] = min(radii[row] * (place.isBroken ? 1 - Self.rate : 1 + Self.rate), furthest[row])
            let scale = radii[row] / max(norm.length(of: change), 1e-12), original = batch.image(row)
            for i in 0..<size { change[i] *= scale }
            guard box == ThreatModel.pixels else { return }
            for i in 0..<size {
                let value = min(max(Double(original[i]) + change[i], 0), 1)
                change[i] = (value * Self.levels).rounded(.toNearestOrEven) / Self.levels - Double(original[i])
            }
        }
    }
}
