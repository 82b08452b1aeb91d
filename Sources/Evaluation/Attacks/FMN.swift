import Autodiff
import Formats
import Glibc
import Kernels
import Perturbations

/// The fast minimum-norm attack (Pintor, Roli, Brendel, Biggio 2021): steps up the margin, each image in a ball of its own
/// that shrinks while it is misclassified and grows while it is not. Its first radius is the distance to the boundary as
/// the network's linearisation has it.
public struct FMN: MinimalNormAttack {
    public var name: String
    /// Passes through the network.
    public var steps: Int

    /// Length of the first and of the last step in the sense of `l2`; share by which a radius changes, first and last.
    private static let stepSizes = (first: 1.0, last: 0.01), changes = (first: 0.05, last: 0.001)

    /// Of the way to the boundary.
    private static let overshoot = 1 + 1e-5

    public init(name: String = "fmn", steps: Int = 100) {
        precondition(steps > 0, "FMN: \(steps) steps")
        self.name = name
        self.steps = steps
    }

    public let norms = ThreatModel.Norm.allCases
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] { [.init("steps", JSONValue(steps))] }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.margin.validate(classes: problem.classes, targeted: false)
        try validate(steps: steps)
    }

    public func passes(_ problem: AttackProblem) -> Int { steps }

    public func nearest(_ batch: AttackBatch, _ context: AttackContext, until: Double) -> NearestImages {
        let norm = context.threat.norm
        let search = NearestSearch(batch: batch, context: context, loss: .margin), furthest = search.furthest()
        var radii = [Double](repeating: norm == .l0 ? 1 : .infinity, count: batch.count)
        return search(steps: steps, until: until) { row, step, place, change in
            let share = (1 + cos(.pi * Double(step) / Double(steps))) / 2
            let stepSize = Self.stepSizes.last + (Self.stepSizes.first - Self.stepSizes.last) * share
            let rate = Self.changes.last + (Self.changes.first - Self.changes.last) * share
            radii[row] = min(
                norm == .l0
                    ? sparseRadius(radii[row], rate: rate, place)
                    : radius(radii[row], rate: rate, place, slope: norm.slope(of: place.gradient)),
                furthest[row])
            // However short a gradient is: a network's logits may have any scale.
            let length = ThreatModel.Norm.l2.length(of: place.gradient)
            let scale = length > 0 && length.isFinite ? stepSize / length : 0
            for i in change.indices where scale > 0 { change[i] += scale * place.gradient[i] }
            norm.shrink(&change, to: radii[row])
        }
    }

    private func radius(_ radius: Double, rate: Double, _ place: NearestSearch.Place, slope: Double) -> Double {
        if place.isBroken { return min(radius * (1 - rate), place.nearest) }
        if place.nearest.isFinite { return radius * (1 + rate) }
        // The box has taken away what an image lacks of its radius. The published walk goes on from the image, and then stays
        // before the boundary for ever where the box is near, or on it where rounding leaves it there.
        let reached = radius.isFinite ? max(place.distance, radius) : place.distance
        return Self.overshoot * (reached + (slope > 0 ? abs(place.loss) / slope : .infinity))
    }

    /// Of whole values, by one at least.
    private func sparseRadius(_ radius: Double, rate: Double, _ place: NearestSearch.Place) -> Double {
        place.isBroken
            ? max(0, min(radius - 1, (radius * (1 - rate)).rounded(.down), place.nearest))
            : max(radius + 1, (radius * (1 + rate)).rounded(.down))
    }
}
