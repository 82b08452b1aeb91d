import Autodiff
import Kernels

/// Images under attack.
public struct AttackBatch {
    /// [B, H, W, C]
    public let images: Tensor
    /// [B], the right classes.
    public let labels: [Int]
    /// The images' places in the data set: the key of their random numbers.
    public let indices: [Int]

    /// `images` [B, H, W, C] must lie in the box of the threat.
    public init(images: Tensor, labels: [Int], indices: [Int]) {
        precondition(
            images.shape.rank == 4 && images.shape[0] == labels.count && labels.count == indices.count,
            "AttackBatch: images \(images.shape), \(labels.count) labels, \(indices.count) indices")
        self.images = images
        self.labels = labels
        self.indices = indices
    }

    /// Images of the batch.
    public var count: Int { labels.count }
    /// Numbers of one image.
    public var imageCount: Int { images.shape.dropFirst().count }
    /// The numbers of one image.
    public func image(_ row: Int) -> Source { images.pointer + row * imageCount }

    /// Some of the images, copied together.
    public func rows(_ rows: [Int]) -> AttackBatch {
        rows.count == count && rows.elementsEqual(0..<count)
            ? self
            : AttackBatch(
                images: images.packed(rows), labels: rows.map { labels[$0] }, indices: rows.map { indices[$0] })
    }
}

extension Tensor {
    /// Some entries of the first axis, copied together, as a constant.
    fileprivate func packed(_ rows: [Int]) -> Tensor {
        let row = shape.dropFirst()
        return Tensor([rows.count] + row, in: pool) { out in
            for (place, index) in rows.enumerated() {
                (out + place * row.count).update(from: pointer + index * row.count, count: row.count)
            }
        }
    }
}
