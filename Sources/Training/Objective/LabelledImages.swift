import Autodiff
import Data
import Kernels
import Randomness

/// Images and labels, for the alignment term target gradients too: one logical shard, or a whole golden batch.
public struct LabelledImages {
    /// [B, H, W, C]
    public let images: Tensor
    /// What every element of them lies in; nil: nothing confines them.
    public let range: ClosedRange<Scalar>?
    /// [B], the right classes.
    public let labels: [Int]
    /// [K, B, H, W, C] and the class of each of its K rows for each image, `classes[k][b]`.
    public let targets: Tensor?
    public let classes: [[Int]]
    /// What random numbers of these images are keyed by.
    public let keys: ImageKeys

    /// `keys` nil: the images' places in the tensor, for images that stand alone.
    public init(
        images: Tensor, range: ClosedRange<Scalar>? = pixelRange, labels: [Int], targets: Tensor? = nil,
        classes: [[Int]] = [], keys: ImageKeys? = nil
    ) {
        precondition(images.shape[0] == labels.count, "LabelledImages: \(labels.count) labels for \(images.shape)")
        precondition(
            targets.map { $0.shape == [classes.count] + images.shape } ?? classes.isEmpty,
            "LabelledImages: targets \(targets?.shape.description ?? "none") for \(classes.count) x \(images.shape)")
        self.images = images
        self.range = range
        self.labels = labels
        self.targets = targets
        self.classes = classes
        self.keys = keys ?? ImageKeys(seed: 0, epoch: 0, indices: Array(labels.indices))
        precondition(self.keys.indices.count == labels.count, "LabelledImages: \(self.keys.indices.count) keys")
    }

    /// Those of a data set, as they are.
    init(_ indices: [Int], of images: Subset, in pool: MemoryPool) {
        self.init(
            images: images.tensor(of: indices, in: pool), range: images.range, labels: indices.map { images.label($0) })
    }
}

/// The key of an image's random numbers in a run: an epoch shows an image once, so seed, epoch and index tell a
/// showing from all others, and rank, shard and batch have no part in it.
public struct ImageKeys: Sendable {
    /// The run's.
    public let seed: UInt64
    /// Counted from 0.
    public let epoch: Int
    /// Places in the training set.
    public let indices: [Int]

    public init(seed: UInt64, epoch: Int, indices: [Int]) {
        self.seed = seed
        self.epoch = epoch
        self.indices = indices
    }

    /// The random numbers for one purpose of the image in row `row`.
    public func stream(_ purpose: RandomPurpose, row: Int) -> RandomStream {
        RandomStream(seed: seed, purpose: purpose, UInt64(epoch), UInt64(indices[row]))
    }
}
