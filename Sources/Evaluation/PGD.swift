import Autodiff
import Formats
import Kernels

/// Projected gradient descent (Madry et al. 2018), in the direction that makes a loss large.
public struct PGD: Attack {
    public enum StepSize: Sendable, Equatable {
        /// In units of images in [0, 1].
        case absolute(Double)
        /// As a share of epsilon.
        case relative(Double)
    }

    public var name: String
    public var loss: AttackLoss
    public var steps: Int
    public var stepSize: StepSize
    public var restarts: Int
    /// From a random point of the ball. Without this the first run starts at the clean image; restarts are always
    /// random.
    public var randomStart: Bool
    public var goal: AttackGoal

    /// `stepSize` nil: 2.5 epsilon / steps, as Madry et al.
    public init(
        name: String = "pgd", loss: AttackLoss = .crossEntropy, steps: Int = 40, stepSize: StepSize? = nil,
        restarts: Int = 1, randomStart: Bool = true, goal: AttackGoal = .untargeted
    ) {
        precondition(steps > 0 && restarts > 0, "PGD: \(steps) steps, \(restarts) restarts")
        self.name = name
        self.loss = loss
        self.steps = steps
        self.stepSize = stepSize ?? .relative(2.5 / Double(steps))
        self.restarts = restarts
        self.randomStart = randomStart
        self.goal = goal
    }

    public var settings: [JSONValue.Member] {
        var members = [
            JSONValue.Member("loss", JSONValue(loss.rawValue)),
            JSONValue.Member("steps", JSONValue(steps)),
        ]
        switch stepSize {
        case .absolute(let size): members.append(.init("step_size", JSONValue(size)))
        case .relative(let size): members.append(.init("step_size_per_epsilon", JSONValue(size)))
        }
        members.append(.init("restarts", JSONValue(restarts)))
        members.append(.init("random_start", JSONValue(randomStart)))
        if case .likeliest(let count) = goal { members.append(.init("target_classes", JSONValue(count))) }
        return members
    }

    public func validate(classes: Int) throws { try loss.validate(classes: classes, targeted: goal != .untargeted) }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let size: Double =
            switch stepSize {
            case .absolute(let size): size
            case .relative(let share): share * context.threat.epsilon
            }
        let ascent = ProjectedAscent(loss: loss, steps: steps, stepSize: size)
        return context.firstSuccess(for: goal, restarts: restarts, on: batch) { run, part, targets in
            ascent(from: start(part, run: run, context), part, targets: targets, context)
        }
    }

    public func passes(classes: Int) -> Int {
        switch goal {
        case .untargeted: restarts * (steps + 1)
        case .likeliest(let count): restarts * min(count, classes - 1) * (steps + 1)
        }
    }

    private func start(_ batch: AttackBatch, run: Int, _ context: AttackContext) -> Tensor {
        guard randomStart || run > 0 else { return batch.images }
        let size = batch.imageCount
        return Tensor(batch.images.shape, in: batch.images.pool) { out in
            out.update(from: batch.images.pointer, count: batch.count * size)
            for (row, index) in batch.indices.enumerated() {
                var stream = context.stream(name, run: run, sample: index)
                context.threat.moveRandomly(size, out + row * size, original: batch.image(row), &stream)
            }
        }
    }
}
