import Autodiff
import Formats
import Kernels

/// Auto-PGD (Croce and Hein 2020): projected gradient ascent without a step size to choose, as AutoAttack's standard
/// version runs it on cross-entropy (`apgd-ce`) and on the targeted difference of logits ratio (`apgd-t`).
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

    /// AutoAttack's numbers unless others are given.
    public init(
        name: String, loss: AttackLoss, steps: Int = 100, restarts: Int = 1, goal: AttackGoal = .untargeted
    ) {
        precondition(steps > 0 && restarts > 0, "APGD: \(steps) steps, \(restarts) restarts")
        self.name = name
        self.loss = loss
        self.steps = steps
        self.restarts = restarts
        self.goal = goal
    }

    public var source: AttackSource { .gradients }
    public var settings: [JSONValue.Member] {
        var members = [
            JSONValue.Member("loss", JSONValue(loss.rawValue)), JSONValue.Member("steps", JSONValue(steps)),
            JSONValue.Member("restarts", JSONValue(restarts)),
        ]
        if case .likeliest(let count) = goal { members.append(.init("target_classes", JSONValue(count))) }
        return members
    }

    public func validate(classes: Int) throws { try loss.validate(classes: classes, targeted: goal != .untargeted) }

    public func passes(classes: Int) -> Int {
        switch goal {
        case .untargeted: restarts * (steps + 1)
        case .likeliest(let count): restarts * min(count, classes - 1) * (steps + 2)
        }
    }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        context.firstSuccess(for: goal, restarts: restarts, on: batch) { run, part, targets in
            ascend(from: start(part, run: run, context), part, targets: targets, context)
        }
    }

    /// One run from given images that the threat allows: the first misclassified image of each path, else the one of
    /// the largest loss.
    /// - Parameter targets: a class for each image where the loss is to be the targeted one.
    public func ascend(
        from start: Tensor, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext
    ) -> Tensor {
        AdaptiveAscent(loss: loss, steps: steps)(from: start, batch, targets: targets, context)
    }

    /// Random points of the ball's surface, before the box cuts them off.
    func start(_ batch: AttackBatch, run: Int, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount
        return Tensor(batch.images.shape, in: batch.images.pool) { out in
            for (row, index) in batch.indices.enumerated() {
                var stream = context.stream(name, run: run, sample: index)
                context.threat.moveToSurface(size, out + row * size, original: batch.image(row), &stream)
            }
        }
    }
}
