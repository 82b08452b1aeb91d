import Autodiff
import Kernels

/// (x - mean) / deviation a channel: images are in [0, 1] everywhere outside a network, attacks' budgets included.
public struct InputNormalisation: Layer {
    /// Of each channel, in units of [0, 1].
    public let mean: [Double]
    /// Likewise; positive.
    public let deviation: [Double]

    /// One mean and one deviation a channel.
    public init(mean: [Double], deviation: [Double]) {
        precondition(
            mean.count == deviation.count && deviation.allSatisfy { $0 > 0 }, "InputNormalisation: \(deviation)")
        self.mean = mean
        self.deviation = deviation
    }

    var isIdentity: Bool { mean.allSatisfy { $0 == 0 } && deviation.allSatisfy { $0 == 1 } }

    public func callAsFunction(_ x: Tensor, _ context: inout ForwardContext) -> Tensor { self(x) }

    /// Normalised images from images [..., H, W, C] in [0, 1].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        if isIdentity { return x }
        let channels: Shape = [mean.count]
        let scale = Tensor(channels, deviation.map { Scalar(1 / $0) }, in: x.pool)
        return (x - Tensor(channels, mean.map { Scalar($0) }, in: x.pool)) * scale
    }
    /// Images from normalised ones.
    public func inverted(_ x: Tensor) -> Tensor {
        let channels: Shape = [mean.count]
        return x * Tensor(channels, deviation.map { Scalar($0) }, in: x.pool)
            + Tensor(channels, mean.map { Scalar($0) }, in: x.pool)
    }
}
