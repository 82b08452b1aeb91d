import Autodiff
import Kernels
import Randomness

extension Tensor {
    /// Every image [B, H, W, C] times a number of its own.
    func scaled(_ factors: [Double]) -> Tensor {
        let ones = Array(repeating: 1, count: shape.rank - 1)
        return self * Tensor(Shape([factors.count] + ones), factors.map { Scalar($0) }, in: pool)
    }

    /// signal[t] x + deviation[t] noise, image by image.
    func noised(_ noise: Tensor, times: [Int], _ levels: NoiseLevels) -> Tensor {
        scaled(times.map { levels.signal[$0] }) + noise.scaled(times.map { levels.deviation[$0] })
    }
}

extension RandomStream {
    /// Writes standard normal numbers.
    mutating func fillNormal(_ count: Int, _ out: Destination) {
        for i in 0..<count { out[i] = Scalar(normal()) }
    }
}
