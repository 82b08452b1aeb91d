import Autodiff
import Kernels
import Randomness

/// A tensor of random numbers in [0, 1), the same for the same seed. A block of them is repeated, for drawing tens of
/// millions would take longer than what is measured; its odd length keeps images apart.
func randomTensor(_ shape: Shape, seed: UInt64, in pool: MemoryPool) -> Tensor {
    let length = min(shape.count, 65_521)
    var stream = RandomStream(seed: seed, purpose: .test)
    return Tensor(shape, in: pool) { out in
        for i in 0..<length { out[i] = Scalar(stream.uniform()) }
        var filled = length
        while filled < shape.count {
            let count = min(filled, shape.count - filled)
            (out + filled).update(from: out, count: count)
            filled += count
        }
    }
}
