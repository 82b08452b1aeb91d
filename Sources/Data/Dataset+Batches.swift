import Autodiff
import Kernels

extension Dataset {
    /// Writes images one after the other, `shape.count` elements each, channels last.
    public func read(_ indices: some Sequence<Int>, into images: UnsafeMutablePointer<Scalar>) {
        for (place, index) in indices.enumerated() { read(index, into: images + place * shape.count) }
    }

    /// Images as they are, as a batch [B, H, W, C].
    public func tensor(of indices: [Int], in pool: MemoryPool) -> Tensor {
        Tensor([indices.count, shape.height, shape.width, shape.channels], in: pool) { read(indices, into: $0) }
    }
}
