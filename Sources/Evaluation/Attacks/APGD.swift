import Autodiff
import Formats
import Kernels
import Perturbations

/// Auto-PGD (Croce and Hein 2020): projected gradient ascent without a step size to choose, as AutoAttack's standard
/// version runs it on cross-entropy (`apgd-ce`) and on the targeted difference of logits ratio (`apgd-t`). Under `l1` its
/// steps are sparse, and it comes from larger balls (Croce and Hein 2021).
public struct APGD: Attack {
    public var name: String
    /// What a step makes larger.
    public var loss: AttackLoss
    /// Of each run.
    public var steps: Int
    /// Runs from other random points, towards each class where the goal has classes.
    public var restarts: Int
    /// What images are to be taken for.
    public var goal: AttackGoal
    /// Passes of a random network over which each gradient is averaged: expectation over transformation (Athalye et al. 2018).
    public var draws: Int

    /// AutoAttack's numbers unless others are given.
    public init(
        name: String, loss: AttackLoss, steps: Int = 100, restarts: Int = 1, goal: AttackGoal = .untargeted,
        draws: Int = 1
    ) {
        precondition(
            steps > 0 && restarts > 0 && draws > 0, "APGD: \(steps) steps, \(restarts) restarts, \(draws) draws")
        self.name = name
        self.loss = loss
        self.steps = steps
        self.restarts = restarts
        self.goal = goal
        self.draws = draws
    }

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        let members = [
            JSONValue.Member("loss", JSONValue(loss.rawValue)), JSONValue.Member("steps", JSONValue(steps)),
            JSONValue.Member("restarts", JSONValue(restarts)),
        ]
        return members + goal.settings + (draws > 1 ? [.init("draws", JSONValue(draws))] : [])
    }

    public func validate(_ problem: AttackProblem) throws {
        try loss.validate(classes: problem.classes, targeted: goal != .untargeted)
    }

    public func fitted(to problem: AttackProblem) -> any Attack {
        var fitted = self
        fitted.goal = goal.limited(to: problem)
        return fitted
    }

    public func passes(_ problem: AttackProblem) -> Int {
        let starts = problem.norm == .l1 ? SparseAscent.balls(steps: steps).count : 1
        return goal.passes(problem, restarts: restarts, ofRun: draws * (steps + starts))
    }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        context.firstSuccess(for: goal, restarts: restarts, on: batch) { run, part, targets in
            ascend(from: start(part, run: run, context), part, targets: targets, context)
        }
    }

    /// One run from given images that the threat, under `l1` its first ball, allows: the first misclassified image of each
    /// path, else the one of the largest loss.
    /// - Parameter targets: a class for each image where the loss is to be the targeted one.
    public func ascend(
        from start: Tensor, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext
    ) -> Tensor {
        context.threat.norm == .l1
            ? SparseAscent(loss: loss, steps: steps, draws: draws)(from: start, batch, targets: targets, context)
            : AdaptiveAscent(loss: loss, steps: steps, draws: draws)(from: start, batch, targets: targets, context)
    }

    /// Random points of the surface of the ball, under `l1` of the first, before the box cuts them off.
    func start(_ batch: AttackBatch, run: Int, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount, threat = context.threat
        let ball = threat.norm == .l1 ? threat.with(epsilon: SparseAscent.firstBall * threat.epsilon) : threat
        return Tensor(batch.images.shape, in: batch.images.pool) { out in
            for (row, index) in batch.indices.enumerated() {
                var stream = context.stream(name, run: run, sample: index)
                ball.moveToSurface(size, out + row * size, original: batch.image(row), &stream)
            }
        }
    }
}
