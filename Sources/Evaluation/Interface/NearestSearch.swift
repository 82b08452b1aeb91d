import Autodiff
import Kernels
import Models
import Perturbations

/// The walk that attacks for a minimal norm share: every image of a batch moves by its own rule, and its nearest
/// misclassified place is kept.
struct NearestSearch {
    let batch: AttackBatch
    let context: AttackContext
    /// What the gradients are of.
    let loss: AttackLoss

    init(batch: AttackBatch, context: AttackContext, loss: AttackLoss) {
        self.batch = batch
        self.context = context.searchingAsTheJudge()
        self.loss = loss
    }

    /// What an image has seen at its place.
    struct Place {
        /// The loss there.
        let loss: Double
        /// Of the loss, up to a positive factor.
        let gradient: [Double]
        let isBroken: Bool
        /// From the clean image.
        let distance: Double
        /// Of the nearest misclassified place so far; infinite before there is one.
        let nearest: Double
    }

    /// - Parameters:
    ///   - steps: passes through the network.
    ///   - until: an image is done with when a misclassified place has been found within this distance.
    ///   - move: changes the way of image `row` from its clean one, which is zero at first, before the next pass. It is
    ///     clipped to the box afterwards.
    func callAsFunction(
        steps: Int, until: Double, _ move: (_ row: Int, _ step: Int, _ place: Place, _ change: inout [Double]) -> Void
    ) -> NearestImages {
        let size = batch.imageCount, pool = batch.images.pool, threat = context.threat
        let low = Double(threat.box.lowerBound), high = Double(threat.box.upperBound)
        let current = Storage(count: batch.count * size, in: pool),
            gradients = Storage(count: batch.count * size, in: pool)
        // Pointers alone do not keep memory from being used again.
        defer { withExtendedLifetime((current, gradients)) {} }
        current.pointer.update(from: batch.images.pointer, count: batch.count * size)
        var changes = Array(repeating: [Double](repeating: 0, count: size), count: batch.count)
        var distances = [Double](repeating: .infinity, count: batch.count)
        var rows = Array(0..<batch.count)
        let images = Tensor(batch.images.shape, in: pool) { nearest in
            nearest.update(from: batch.images.pointer, count: batch.count * size)
            for step in 0..<steps where !rows.isEmpty {
                let found = context.losses(
                    loss, at: current.pointer, rows: rows, gradients: gradients.pointer, in: batch, targets: nil)
                for (place, row) in rows.enumerated() {
                    let image = current.pointer + row * size, original = batch.image(row)
                    let distance = threat.distance(size, image, original)
                    if found.isBroken[place], distance < distances[row] {
                        distances[row] = distance
                        (nearest + row * size).update(from: image, count: size)
                    }
                    let gradient = gradients.pointer + row * size
                    move(
                        row, step,
                        Place(
                            loss: found.losses[place], gradient: (0..<size).map { Double(gradient[$0]) },
                            isBroken: found.isBroken[place], distance: distance, nearest: distances[row]),
                        &changes[row])
                    for i in 0..<size {
                        let centre = Double(original[i]), value = min(max(centre + changes[row][i], low), high)
                        image[i] = value.isFinite ? Scalar(value) : original[i]
                        changes[row][i] = Double(image[i]) - centre
                    }
                }
                rows.removeAll { distances[$0] <= until }
            }
        }
        return NearestImages(images: images, distances: distances)
    }

    /// The length of the way to the furthest corner of the box, for each image: no more is ever needed.
    func furthest() -> [Double] {
        let size = batch.imageCount, box = context.threat.box
        let low = Double(box.lowerBound), high = Double(box.upperBound)
        return (0..<batch.count).map { row in
            let original = batch.image(row)
            return context.threat.norm.length(
                of: (0..<size).map { max(Double(original[$0]) - low, high - Double(original[$0])) })
        }
    }
}
