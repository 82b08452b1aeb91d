import Autodiff
import Kernels
import Perturbations

/// One run of APGD (Croce and Hein 2020, algorithm 1): steps with momentum up a loss, whose size each image adapts.
struct AdaptiveAscent {
    var loss: AttackLoss
    var steps: Int
    /// Passes of a random network over which each gradient is averaged.
    var draws = 1

    /// Weight of the new step against the one before.
    private static let momentum = 0.75

    /// The first misclassified image of each path, its start included; else the one of the largest loss.
    func callAsFunction(from start: Tensor, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount, pool = batch.images.pool, count = batch.count * size
        let previous = Storage(count: count, in: pool), gradient = Storage(count: count, in: pool)
        let best = Storage(count: count, in: pool), bestGradient = Storage(count: count, in: pool)
        let scratch = Storage(count: size, in: pool)
        // Pointers alone do not keep memory from being used again.
        defer { withExtendedLifetime((previous, gradient, best, bestGradient, scratch)) {} }
        previous.pointer.update(from: start.pointer, count: count)
        return Tensor(batch.images.shape, in: pool) { current in
            current.update(from: start.pointer, count: count)
            var schedules: [Int: AdaptiveStepSize] = [:]
            var rows = Array(0..<batch.count)

            func keepBest(_ at: Int) {
                (best.pointer + at).update(from: current + at, count: size)
                (bestGradient.pointer + at).update(from: gradient.pointer + at, count: size)
            }
            func evaluate() {
                let found = context.losses(
                    loss, at: current, rows: rows, gradients: gradient.pointer, in: batch, targets: targets,
                    draws: draws)
                let left = rows.indices.filter { !found.isBroken[$0] }
                rows = left.map { rows[$0] }
                for (row, loss) in zip(rows, left.map { found.losses[$0] }) {
                    let at = row * size
                    switch schedules[row]?.record(loss) {
                    case nil:
                        schedules[row] = AdaptiveStepSize(epsilon: context.threat.epsilon, steps: steps, loss: loss)
                        keepBest(at)
                    case .nothing: break
                    case .best: keepBest(at)
                    case .halved(let isBest):
                        if isBest { keepBest(at) }
                        (current + at).update(from: best.pointer + at, count: size)
                        (gradient.pointer + at).update(from: bestGradient.pointer + at, count: size)
                    }
                }
            }

            evaluate()
            for step in 0..<steps where !rows.isEmpty {
                for row in rows {
                    let at = row * size
                    let path = Path(
                        count: size, current: current + at, previous: previous.pointer + at,
                        gradient: Source(gradient.pointer + at), original: batch.image(row), scratch: scratch.pointer)
                    let momentum = step == 0 ? 1 : Self.momentum
                    path.advance(by: schedules[row]?.stepSize ?? 0, momentum: momentum, context.threat)
                }
                evaluate()
            }
            for row in rows { (current + row * size).update(from: best.pointer + row * size, count: size) }
        }
    }
}

/// An image's place on its way.
private struct Path {
    let count: Int
    let current: Destination
    let previous: Destination
    let gradient: Source
    let original: Source
    let scratch: Destination

    func advance(by stepSize: Double, momentum: Double, _ threat: ThreatModel) {
        scratch.update(from: current, count: count)
        threat.step(count, scratch, along: gradient, length: stepSize)
        threat.project(count, scratch, original: original)
        for i in 0..<count {
            let here = Double(current[i])
            let next = here + momentum * (Double(scratch[i]) - here) + (1 - momentum) * (here - Double(previous[i]))
            previous[i] = current[i]
            current[i] = Scalar(next)
        }
        threat.project(count, current, original: original)
    }
}
