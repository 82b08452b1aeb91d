import Data
import Kernels
import Randomness

/// Fills the target gradients of a shard, moved as their images are.
public struct TargetLoader: Sendable {
    /// Target classes an image: all of them, or as many drawn anew for each image and epoch.
    public enum ClassesPerImage: Sendable, Equatable {
        case all
        case drawn(Int)
    }

    private let source: any TargetSource
    private let train: Subset
    private let seed: UInt64
    private let classesPerImage: ClassesPerImage

    /// `seed` is that of drawn classes. Targets are of `train`, by index.
    public init(_ source: any TargetSource, train: Subset, seed: UInt64, classesPerImage: ClassesPerImage) {
        self.source = source
        self.train = train
        self.seed = seed
        self.classesPerImage = classesPerImage
    }

    /// Target classes of an image: K in [K, B, H, W, C].
    public var rows: Int {
        switch classesPerImage {
        case .all: train.classNames.count
        case .drawn(let count): min(count, train.classNames.count)
        }
    }

    /// The target classes of each image, `[rows][images]`: a function of seed, epoch and image.
    public func classes(of indices: ArraySlice<Int>, epoch: Int) -> [[Int]] {
        let drawn = indices.map { index in
            switch classesPerImage {
            case .all: return Array(0..<rows)
            case .drawn:
                var stream = RandomStream(seed: seed, purpose: .targetClasses, UInt64(epoch), UInt64(index))
                return stream.distinct(rows, below: train.classNames.count)
            }
        }
        return (0..<rows).map { row in drawn.map { $0[row] } }
    }

    /// Writes [rows, images, H, W, C] to `out`. `placements` are those of the images.
    public func load(_ indices: ArraySlice<Int>, classes: [[Int]], placements: [Placement], into out: Destination) {
        let size = train.shape.count
        var pixels = [Scalar](repeating: 0, count: size), target = pixels
        for (position, index) in indices.enumerated() {
            train.read(index, into: &pixels)
            for row in classes.indices {
                source.write(index: index, pixels: pixels, target: classes[row][position], into: &target)
                let place = out + (row * indices.count + position) * size
                placements[position].apply(train.shape, from: target, to: place)
            }
        }
    }
}
