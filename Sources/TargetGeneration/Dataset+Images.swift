import Autodiff
import Data
import Kernels

extension Dataset {
    /// Images as a batch, [B, H, W, C].
    func images(_ rows: [Int], in pool: MemoryPool) -> Tensor {
        Tensor([rows.count, shape.height, shape.width, shape.channels], in: pool) { out in
            for (place, row) in rows.enumerated() { read(row, into: out + place * shape.count) }
        }
    }
}
