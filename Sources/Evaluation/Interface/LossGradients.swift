import Autodiff
import Kernels
import Models

extension AttackContext {
    /// The losses of the images `rows` of `images`, whether they are misclassified and, in the same rows of `gradients`,
    /// their gradients up to a positive factor.
    /// - Parameters:
    ///   - images: [B, H, W, C], like `gradients`.
    ///   - targets: a class for each image of the batch where the loss is to be the targeted one.
    func losses(
        _ loss: AttackLoss, at images: Destination, rows: [Int], gradients: Destination, in batch: AttackBatch,
        targets: [Int]?
    ) -> (losses: [Double], isBroken: [Bool]) {
        let size = batch.imageCount
        let packed = Tensor([rows.count] + batch.images.shape.dropFirst(), in: batch.images.pool) { out in
            for (place, row) in rows.enumerated() {
                (out + place * size).update(from: images + row * size, count: size)
            }
        }
        var losses: [Double] = []
        let pass = classifier.inputGradient(of: packed) { logits in
            let evaluation = loss.evaluate(logits, ofRows: rows, in: batch, targets: targets)
            losses = evaluation.values
            return evaluation.direction
        }
        stepDone()
        // Pointers alone do not keep memory from being used again.
        defer { withExtendedLifetime(pass) {} }
        for (place, row) in rows.enumerated() {
            (gradients + row * size).update(from: pass.gradient.pointer + place * size, count: size)
        }
        let predictions = Classifier.predictions(fromLogits: pass.logits)
        return (losses, zip(predictions, rows).map { $0 != batch.labels[$1] })
    }
}
