import Autodiff
import Glibc
import Kernels
import Perturbations

/// One run of APGD under `l1` (Croce and Hein 2021, "Mind the box"): it climbs in a ball of three times the radius, goes
/// on in one of twice and then in the threat's own, from the best point of each, with sparse steps whose length and
/// sparsity each image adapts.
struct SparseAscent {
    var loss: AttackLoss
    var steps: Int
    /// Passes of a random network over which each gradient is averaged.
    var draws = 1

    /// The radius of the first ball, in the threat's.
    static let firstBall = 3.0

    /// The radii of the balls, in the threat's, and the steps in each.
    static func balls(steps: Int) -> [(radius: Double, steps: Int)] {
        // Fewer than in AutoAttack where these would leave none for the last ball.
        let early = min(Int((0.3 * Double(steps)).rounded(.up)), (steps - 1) / 2)
        return early == 0 ? [(1, steps)] : [(firstBall, early), (2, early), (1, steps - 2 * early)]
    }

    /// The first misclassified image of each path in the last ball; else the one of the largest loss.
    func callAsFunction(from start: Tensor, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext) -> Tensor {
        Self.balls(steps: steps).reduce(start) { images, ball in
            climb(
                from: images, steps: ball.steps, batch, targets: targets,
                context.with(epsilon: ball.radius * context.threat.epsilon), stopsWhenMisclassified: ball.radius == 1)
        }
    }

    private func climb(
        from start: Tensor, steps: Int, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext,
        stopsWhenMisclassified: Bool
    ) -> Tensor {
        let size = batch.imageCount, pool = batch.images.pool, count = batch.count * size, threat = context.threat
        let gradient = Storage(count: count, in: pool), bestGradient = Storage(count: count, in: pool)
        let best = Storage(count: count, in: pool)
        // Pointers alone do not keep memory from being used again.
        defer { withExtendedLifetime((start, gradient, best, bestGradient)) {} }
        return Tensor(batch.images.shape, in: pool) { current in
            current.update(from: start.pointer, count: count)
            var rows = Array(0..<batch.count)
            for row in rows { threat.project(size, current + row * size, original: batch.image(row)) }
            var schedules: [Int: SparseStepSize] = [:]

            func keepBest(_ at: Int) {
                (best.pointer + at).update(from: current + at, count: size)
                (bestGradient.pointer + at).update(from: gradient.pointer + at, count: size)
            }
            func support(ofBest row: Int) -> Int {
                let found = best.pointer + row * size, original = batch.image(row)
                return (0..<size).count { found[$0] != original[$0] }
            }
            func evaluate() {
                let found = context.losses(
                    loss, at: current, rows: rows, gradients: gradient.pointer, in: batch, targets: targets,
                    draws: draws)
                let left = rows.indices.filter { !(stopsWhenMisclassified && found.isBroken[$0]) }
                for place in left {
                    let row = rows[place], at = row * size
                    guard var schedule = schedules[row] else {
                        keepBest(at)
                        schedules[row] = SparseStepSize(
                            epsilon: threat.epsilon, steps: steps, loss: found.losses[place],
                            support: support(ofBest: row), of: size)
                        continue
                    }
                    if schedule.isBest(found.losses[place]) { keepBest(at) }
                    if schedule.stepTaken(support: support(ofBest: row)) {
                        (current + at).update(from: best.pointer + at, count: size)
                        (gradient.pointer + at).update(from: bestGradient.pointer + at, count: size)
                    }
                    schedules[row] = schedule
                }
                rows = left.map { rows[$0] }
            }

            evaluate()
            for _ in 0..<steps where !rows.isEmpty {
                for row in rows {
                    guard let schedule = schedules[row] else { continue }
                    let image = current + row * size
                    ThreatModel.Norm.sparseStep(
                        size, image, along: Source(gradient.pointer + row * size), length: schedule.stepSize,
                        share: schedule.share)
                    threat.project(size, image, original: batch.image(row))
                }
                evaluate()
            }
            for row in rows { (current + row * size).update(from: best.pointer + row * size, count: size) }
        }
    }
}
