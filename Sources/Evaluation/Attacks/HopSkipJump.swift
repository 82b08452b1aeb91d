import Autodiff
import Formats
import Kernels
import Perturbations
import Randomness

/// HopSkipJump (Chen, Jordan, Wainwright 2020), a hard-label attack: it sees predicted classes and nothing else. From a
/// misclassified image found at random it walks along the decision boundary towards the clean image, estimating the
/// boundary's normal from the classes of random neighbours. An image is done with as soon as it is within the budget.
public struct HopSkipJump: Attack {
    public var name: String
    /// Along the boundary.
    public var steps: Int
    /// Neighbours for the first estimate; the number grows with the square root of the step's.
    public var neighbours: Int

    /// Random images that are tried as a beginning, and the most bisections to the boundary and halvings of a step:
    /// more of them are below the resolution of single precision.
    private static let beginnings = 100, bisections = 24, halvings = 24
    /// Where the first neighbours are, before there is a boundary to measure a distance to.
    private static let firstRadius = 0.1
    /// Neighbours that go through the network at once.
    private static let together = 64

    /// The authors' numbers unless others are given, but for the steps.
    public init(name: String = "hopskipjump", steps: Int = 25, neighbours: Int = 100) {
        precondition(steps > 0 && neighbours > 0, "HopSkipJump: \(steps) steps, \(neighbours) neighbours")
        self.name = name
        self.steps = steps
        self.neighbours = neighbours
    }

    public let norms: [ThreatModel.Norm] = [.l2, .linf]
    public var endsOnBoundary: Bool { true }
    public var source: AttackSource { .outputs }
    public var settings: [JSONValue.Member] {
        [.init("steps", JSONValue(steps)), .init("neighbours", JSONValue(neighbours))]
    }

    public func validate(_ problem: AttackProblem) throws {}

    /// Passes of up to `together` images.
    public func passes(_ problem: AttackProblem) -> Int {
        let estimates = (1...steps).reduce(0) { $0 + (neighbours(step: $1) + Self.together - 1) / Self.together }
        return Self.beginnings + estimates + (steps + 1) * Self.bisections + steps * Self.halvings
    }

    private func neighbours(step: Int) -> Int { Int(Double(neighbours) * Double(step).squareRoot()) }

    /// A misclassified image within the budget, else the clean image.
    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount, context = context.searchingAsTheJudge()
        return Tensor(batch.images.shape, in: batch.images.pool) { out in
            // Its queries fill a batch by themselves.
            for row in 0..<batch.count {
                let walk = BoundaryWalk(attack: self, batch: batch.rows([row]), context: context)
                (out + row * size).update(from: walk.result(), count: size)
            }
        }
    }

    /// The walk of one image.
    private struct BoundaryWalk {
        let attack: HopSkipJump
        let batch: AttackBatch
        let context: AttackContext
        let original: [Double]

        init(attack: HopSkipJump, batch: AttackBatch, context: AttackContext) {
            self.attack = attack
            self.batch = batch
            self.context = context
            original = (0..<batch.imageCount).map { Double(batch.image(0)[$0]) }
        }

        private var threat: ThreatModel { context.threat }

        func result() -> [Scalar] {
            var stream = context.stream(attack.name, run: 0, sample: batch.indices[0])
            guard var image = beginning(&stream) else { return batch.images.array }
            image = boundary(towards: image)
            for step in 1...attack.steps {
                if let found = withinBudget(image) { return found }
                let distance = threat.norm.length(of: zip(image, original).map { $0 - $1 })
                // Far enough to tell classes apart in single precision.
                let radius = step == 1 ? HopSkipJump.firstRadius : max(distance / Double(image.count), 1e-6)
                let normal = normal(at: image, radius: radius, attack.neighbours(step: step), &stream)
                var reach = distance / Double(step).squareRoot()
                var next: [Double]?
                for _ in 0..<HopSkipJump.halvings where next == nil {
                    let candidate = clipped(zip(image, normal).map { $0 + reach * $1 })
                    if isBroken([candidate])[0] { next = candidate }
                    reach /= 2
                }
                if let next { image = boundary(towards: next) }
            }
            return withinBudget(image) ?? batch.images.array
        }

        private func withinBudget(_ image: [Double]) -> [Scalar]? {
            let numbers = image.map { Scalar($0) }
            return threat.allows(numbers.count, numbers, original: batch.image(0)) ? numbers : nil
        }

        private func beginning(_ stream: inout RandomStream) -> [Double]? {
            for attempt in 1...HopSkipJump.beginnings {
                let image = original.map { value -> Double in
                    guard threat.box == ThreatModel.unbounded else {
                        let low = Double(threat.box.lowerBound), high = Double(threat.box.upperBound)
                        return low + (high - low) * stream.uniform()
                    }
                    return value + Double(attempt) * threat.epsilon * stream.normal()
                }
                if isBroken([image])[0] { return image.map { Double(Scalar($0)) } }
            }
            return nil
        }

        /// The misclassified image nearest to the boundary between the clean image and a misclassified one.
        private func boundary(towards broken: [Double]) -> [Double] {
            var nearest = broken, low = 0.0, high = 1.0
            for _ in 0..<HopSkipJump.bisections {
                let share = (low + high) / 2
                let candidate = blend(broken, share)
                if isBroken([candidate])[0] {
                    high = share
                    nearest = candidate
                } else {
                    low = share
                }
            }
            return nearest
        }

        /// On the way from the clean image: a share of the line under `l2`, of the largest change under `linf`.
        private func blend(_ image: [Double], _ share: Double) -> [Double] {
            let changes = zip(image, original).map { $0 - $1 }
            switch threat.norm {
            case .l0, .l1, .l2: return zip(original, changes).map { $0 + share * $1 }
            case .linf:
                let bound = share * threat.norm.length(of: changes)
                return zip(original, changes).map { $0 + min(max($1, -bound), bound) }
            }
        }

        /// A direction of length 1 in the norm in which images become misclassified: the mean of random directions,
        /// those less that keep the class.
        private func normal(
            at image: [Double], radius: Double, _ count: Int, _ stream: inout RandomStream
        ) -> [Double] {
            var directions: [[Double]] = [], broken: [Bool] = []
            while directions.count < count {
                let some = (0..<min(HopSkipJump.together, count - directions.count)).map { _ -> [Double] in
                    let direction = image.map { _ in
                        threat.norm == .l2 ? stream.normal() : 2 * stream.uniform() - 1
                    }
                    let norm = ThreatModel.Norm.l2.length(of: direction)
                    let scale = radius / max(norm, 1e-30)
                    let moved = clipped(zip(image, direction).map { $0 + scale * $1 })
                    return zip(moved, image).map { ($0 - $1) / radius }
                }
                broken += isBroken(some.map { direction in zip(image, direction).map { $0 + radius * $1 } })
                directions += some
            }
            let mean = Double(broken.count { $0 }) / Double(count)
            var normal = [Double](repeating: 0, count: image.count)
            for (direction, isBroken) in zip(directions, broken) {
                // With one outcome only there is no baseline to compare with.
                let weight = (isBroken ? 1.0 : 0) - (mean == 1 || mean == 0 ? 0.5 : mean)
                for i in normal.indices { normal[i] += weight * direction[i] }
            }
            if threat.norm == .linf { return normal.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 } }
            let norm = threat.norm.length(of: normal)
            return norm > 0 ? normal.map { $0 / norm } : normal
        }

        private func isBroken(_ images: [[Double]]) -> [Bool] {
            let size = batch.imageCount
            let tensor = Tensor([images.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
                for (place, image) in images.enumerated() {
                    for i in 0..<size { out[place * size + i] = Scalar(image[i]) }
                }
            }
            context.stepDone()
            return context.classifier.misclassifies(tensor, images.map { _ in batch.labels[0] })
        }

        private func clipped(_ image: [Double]) -> [Double] {
            image.map { min(max($0, Double(threat.box.lowerBound)), Double(threat.box.upperBound)) }
        }
    }
}
