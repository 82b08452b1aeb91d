import Autodiff
import Kernels
import Perturbations

/// Where a network's linearisation at an image puts the boundary towards another class: z_t - z_y and its gradient.
struct LogitGap {
    let value: Double
    /// Of one image.
    let gradient: [Double]

    /// The distance to z_t = z_y as the linearisation has it.
    func distance(in norm: ThreatModel.Norm) -> Double {
        let slope = norm.slope(of: gradient)
        return slope > 0 ? abs(value) / slope : .infinity
    }
}

extension AttackContext {
    /// Of each image towards a class.
    /// - Parameters:
    ///   - images: [rows, H, W, C], of these rows of the batch.
    ///   - targets: a class for each image of the batch.
    func logitGaps(of images: Tensor, rows: [Int], in batch: AttackBatch, targets: [Int]) -> [LogitGap] {
        let pass = classifier.inputGradient(of: images) { logits in
            Tensor(logits.shape, in: logits.pool) { out in
                out.update(repeating: 0, count: logits.shape.count)
                for (place, row) in rows.enumerated() {
                    out[place * logits.shape[-1] + targets[row]] = 1
                    out[place * logits.shape[-1] + batch.labels[row]] = -1
                }
            }
        }
        stepDone()
        defer { withExtendedLifetime(pass) {} }
        let size = batch.imageCount
        return rows.enumerated().map { place, row in
            let z = pass.logits.pointer + place * pass.logits.shape[-1], start = pass.gradient.pointer + place * size
            return LogitGap(
                value: Double(z[targets[row]]) - Double(z[batch.labels[row]]),
                gradient: (0..<size).map { Double(start[$0]) })
        }
    }

    /// Of each image towards the class whose boundary is nearest.
    func nearestLogitGaps(of images: Tensor, rows: [Int], in batch: AttackBatch) -> [LogitGap] {
        var nearest: [LogitGap] = []
        forEachWrongClass(of: images, rows: rows, in: batch) { _, gaps in
            nearest =
                nearest.isEmpty
                ? gaps
                : zip(nearest, gaps).map { $1.distance(in: threat.norm) < $0.distance(in: threat.norm) ? $1 : $0 }
        }
        return nearest
    }

    /// For each image its wrong classes, that of the nearest boundary first (Melamed et al. 2024).
    func nearestWrongClasses(_ batch: AttackBatch) -> [[Int]] {
        var distances = batch.labels.map { _ in [Double](repeating: .infinity, count: classifier.classes) }
        forEachWrongClass(of: batch.images, rows: Array(0..<batch.count), in: batch) { targets, gaps in
            for (row, gap) in gaps.enumerated() { distances[row][targets[row]] = gap.distance(in: threat.norm) }
        }
        // A comparison with a NaN is false both ways, so any order of them is a valid one.
        return zip(batch.labels, distances).map { label, distances in
            distances.indices.filter { $0 != label }.sorted { (distances[$0], $0) < (distances[$1], $1) }
        }
    }

    private func forEachWrongClass(
        of images: Tensor, rows: [Int], in batch: AttackBatch, _ body: (_ targets: [Int], [LogitGap]) -> Void
    ) {
        for number in 0..<classifier.classes - 1 {
            let targets = batch.labels.map { number < $0 ? number : number + 1 }
            body(targets, logitGaps(of: images, rows: rows, in: batch, targets: targets))
        }
    }
}
