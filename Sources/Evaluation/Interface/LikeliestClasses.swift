import Autodiff
import Kernels

extension AttackContext {
    /// For each image its wrong classes, the likeliest first by the logits of the image as it is.
    func likeliestWrongClasses(_ batch: AttackBatch) -> [[Int]] {
        let logits = classifier.logits(batch.images)
        stepDone()
        let classes = logits.shape[-1]
        // Pointers alone do not keep memory from being used again.
        defer { withExtendedLifetime(logits) {} }
        return batch.labels.enumerated().map { row, label in
            let z = logits.pointer + row * classes
            // A comparison with a NaN is false both ways, so any order of them is a valid one.
            return (0..<classes).filter { $0 != label }.sorted { z[$0] > z[$1] || z[$0] == z[$1] && $0 < $1 }
        }
    }

    /// The wrong classes of each image in the order of a goal that has classes.
    func wrongClasses(_ batch: AttackBatch, by goal: AttackGoal) -> [[Int]] {
        if case .nearest = goal { nearestWrongClasses(batch) } else { likeliestWrongClasses(batch) }
    }

    /// The result of up to `restarts` runs of an attack, towards each class where the goal has classes, every time on the
    /// images that no run has broken yet. `attempt` is given the run's number, the images and a class for each where there
    /// is one to go to.
    func firstSuccess(
        for goal: AttackGoal, restarts: Int, on batch: AttackBatch,
        _ attempt: (_ run: Int, _ part: AttackBatch, _ targets: [Int]?) -> Tensor
    ) -> Tensor {
        guard let wanted = goal.targets else {
            return firstSuccess(of: restarts, on: batch) { run, _, part in attempt(run, part, nil) }
        }
        let ranking = wrongClasses(batch, by: goal), count = min(max(wanted, 1), classifier.classes - 1)
        return firstSuccess(of: restarts * count, on: batch) { run, rows, part in
            attempt(run, part, rows.map { ranking[$0][run % count] })
        }
    }
}
