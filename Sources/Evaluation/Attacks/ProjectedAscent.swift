import Autodiff
import Kernels
import Models

/// Steps of one length up the gradient of a loss, each followed by a projection (Madry et al. 2018). Under `l2` a step
/// follows the gradient, under `linf` its signs.
struct ProjectedAscent {
    var loss: AttackLoss
    var steps: Int
    /// In units of the images.
    var stepSize: Double
    /// An image is done with when it is misclassified. Without this every image goes all the way.
    var stopsWhenMisclassified = true

    /// The first misclassified image of each path, else its last.
    /// - Parameters:
    ///   - start: where the paths begin, allowed by the threat.
    ///   - targets: a class for each image, or nil.
    func callAsFunction(from start: Tensor, _ batch: AttackBatch, targets: [Int]?, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount
        return Tensor(batch.images.shape, in: batch.images.pool) { result in
            func keep(_ row: Int, _ image: Source) { (result + row * size).update(from: image, count: size) }
            var rows = Array(0..<batch.count)
            var current = start
            for _ in 0..<steps where !rows.isEmpty {
                let pass = context.classifier.inputGradient(of: current) {
                    loss.evaluate($0, ofRows: rows, in: batch, targets: targets).direction
                }
                let before = current
                // Pointers alone do not keep memory from being used again.
                defer { withExtendedLifetime((pass, before)) {} }
                let predictions = Classifier.predictions(fromLogits: pass.logits)
                let labels = rows.map { batch.labels[$0] }
                let isDone =
                    stopsWhenMisclassified
                    ? context.confirmed(zip(predictions, labels).map { $0 != $1 }, current, labels)
                    : labels.map { _ in false }
                for (place, row) in rows.enumerated() where isDone[place] { keep(row, before.pointer + place * size) }
                let remaining = rows.indices.filter { !isDone[$0] }
                current = Tensor([remaining.count] + batch.images.shape.dropFirst(), in: current.pool) { next in
                    for (place, old) in remaining.enumerated() {
                        let image = next + place * size
                        image.update(from: before.pointer + old * size, count: size)
                        context.threat.step(
                            size, image, along: pass.gradient.pointer + old * size, length: stepSize)
                        context.threat.project(size, image, original: batch.image(rows[old]))
                    }
                }
                rows = remaining.map { rows[$0] }
                context.stepDone()
            }
            withExtendedLifetime(current) {
                for (place, row) in rows.enumerated() { keep(row, current.pointer + place * size) }
            }
        }
    }
}
