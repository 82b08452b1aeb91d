import Autodiff
import Formats
import Kernels
import Perturbations

/// Projected gradient descent (Madry et al. 2018), in the direction that makes a loss large.
public struct PGD: Attack {
    public var name: String
    /// What a step makes larger.
    public var loss: AttackLoss
    /// Of each run.
    public var steps: Int
    /// As a share of epsilon.
    public var relativeStepSize: Double
    /// Runs from other random points, towards each class where the goal has classes.
    public var restarts: Int
    /// From a random point of the ball. Without this the first run starts at the clean image; restarts are always
    /// random.
    public var randomStart: Bool
    /// What images are to be taken for.
    public var goal: AttackGoal

    /// `relativeStepSize` nil: 2.5 / steps, as Madry et al.
    public init(
        name: String = "pgd", loss: AttackLoss = .crossEntropy, steps: Int = 40, relativeStepSize: Double? = nil,
        restarts: Int = 1, randomStart: Bool = true, goal: AttackGoal = .untargeted
    ) {
        precondition(steps > 0 && restarts > 0, "PGD: \(steps) steps, \(restarts) restarts")
        self.name = name
        self.loss = loss
        self.steps = steps
        self.relativeStepSize = relativeStepSize ?? 2.5 / Double(steps)
        self.restarts = restarts
        self.randomStart = randomStart
        self.goal = goal
    }

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        let members = [
            JSONValue.Member("loss", JSONValue(loss.rawValue)),
            JSONValue.Member("steps", JSONValue(steps)),
            JSONValue.Member("step_size_per_epsilon", JSONValue(relativeStepSize)),
            JSONValue.Member("restarts", JSONValue(restarts)),
            JSONValue.Member("random_start", JSONValue(randomStart)),
        ]
        return members + goal.settings
    }

    public func validate(_ problem: AttackProblem) throws {
        try loss.validate(classes: problem.classes, targeted: goal != .untargeted)
    }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let ascent = ProjectedAscent(
            loss: loss, steps: steps, stepSize: relativeStepSize * context.threat.epsilon)
        return context.firstSuccess(for: goal, restarts: restarts, on: batch) { run, part, targets in
            ascent(from: start(part, run: run, context), part, targets: targets, context)
        }
    }

    public func fitted(to problem: AttackProblem) -> any Attack {
        var fitted = self
        fitted.goal = goal.limited(to: problem)
        return fitted
    }

    public func passes(_ problem: AttackProblem) -> Int {
        goal.passes(problem, restarts: restarts, ofRun: steps)
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
