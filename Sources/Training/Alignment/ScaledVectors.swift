import Autodiff
import Kernels

/// Vectors [B, H, W, C] of one length along given ones, as constants; zero where a given one is.
func vectors(along given: Tensor, length: Double) -> Tensor {
    let size = given.shape.suffix(3).count
    return Tensor(given.shape, in: given.pool) { out in
        for row in 0..<(given.shape.count / size) {
            let from = given.pointer + row * size
            let norm = doubleSum(size) { Double(from[$0]) * Double(from[$0]) }.squareRoot()
            let factor = norm == 0 ? 0 : Scalar(length / norm)
            for i in 0..<size { out[row * size + i] = factor * from[i] }
        }
    }
}
