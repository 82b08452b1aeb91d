import Kernels

/// Fills batches with augmented images.
///
/// What becomes of an image depends on the seed, the epoch and the image's index in `dataset`, never on the batch, its
/// place in the batch or the rank: a batch that several ranks load in parts is the batch that one rank loads whole.
public struct BatchLoader: Sendable {
    /// What indices are of.
    public let dataset: any Dataset
    /// Of the crops and flips.
    public let seed: UInt64
    /// What is done to each image.
    public let augmentation: Augmentation

    public init(dataset: any Dataset, seed: UInt64, augmentation: Augmentation = .none) {
        self.dataset = dataset
        self.seed = seed
        self.augmentation = augmentation
    }

    /// Writes the images `indices` of the dataset one after the other to `images`, which has room for
    /// `indices.count * dataset.shape.count` elements, each image channels last. `labels` and `placements` are replaced
    /// by those of the images; their storage is used again.
    public func load(
        indices: ArraySlice<Int>, epoch: Int, into images: UnsafeMutablePointer<Scalar>, labels: inout [Int],
        placements: inout [Placement]
    ) {
        let shape = dataset.shape
        labels.removeAll(keepingCapacity: true)
        placements.removeAll(keepingCapacity: true)
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: shape.count) { scratch in
            guard let original = scratch.baseAddress else { return }
            original.initialize(repeating: 0, count: shape.count)
            for (place, index) in indices.enumerated() {
                let image = images + place * shape.count
                let placement = augmentation.placement(seed: seed, epoch: epoch, image: index)
                if placement == .identity {
                    dataset.read(index, into: image)
                } else {
                    dataset.read(index, into: original)
                    placement.apply(shape, from: original, to: image)
                }
                labels.append(dataset.label(index))
                placements.append(placement)
            }
        }
    }
}
