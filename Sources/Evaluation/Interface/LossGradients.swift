import Autodiff
import Kernels
import Models

extension AttackContext {
    /// The losses of the images `rows` of `images`, whether they are misclassified and, in the same rows of `gradients`,
    /// their gradients up to a positive factor.
    /// - Parameters:
    ///   - images: [B, H, W, C], like `gradients`.
    ///   - targets: a class for each image of the batch where the loss is to be the targeted one.
    ///   - draws: passes of a random network whose gradients and losses are averaged; what the last one says counts.
    func losses(
        _ loss: AttackLoss, at images: Destination, rows: [Int], gradients: Destination, in batch: AttackBatch,
        targets: [Int]?, draws: Int = 1
    ) -> (losses: [Double], isBroken: [Bool]) {
        let size = batch.imageCount
        let packed = Tensor([rows.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
            for (place, row) in rows.enumerated() {
                (out + place * size).update(from: images + row * size, count: size)
            }
        }
        var losses = rows.map { _ in 0.0 }, isBroken: [Bool] = []
        for draw in 0..<draws {
            var scales: [Double] = []
            let pass = classifier.drawing(draw).inputGradient(of: packed) { logits in
                let evaluation = loss.evaluate(logits, ofRows: rows, in: batch, targets: targets)
                for (place, value) in evaluation.values.enumerated() { losses[place] += value / Double(draws) }
                scales = evaluation.scales
                return evaluation.direction
            }
            stepDone()
            // Pointers alone do not keep memory from being used again.
            defer { withExtendedLifetime(pass) {} }
            for (place, row) in rows.enumerated() {
                let gradient = gradients + row * size, found = pass.gradient.pointer + place * size
                if draws == 1 {
                    gradient.update(from: found, count: size)
                } else {
                    let scale = Scalar(scales[place])
                    if draw == 0 { gradient.update(repeating: 0, count: size) }
                    for i in 0..<size { gradient[i] += scale * found[i] }
                }
            }
            let predictions = Classifier.predictions(fromLogits: pass.logits)
            guard draw == draws - 1 else { continue }
            let labels = rows.map { batch.labels[$0] }
            isBroken = confirmed(zip(predictions, labels).map { $0 != $1 }, packed, labels, draw: draw)
        }
        return (losses, isBroken)
    }
}
