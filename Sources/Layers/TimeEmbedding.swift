import Autodiff
import Glibc
import Kernels

/// Time steps as sines and cosines of falling frequency, and two linear layers over them (Ho et al. 2020). Names and
/// arithmetic are those of diffusers' `Timesteps` and `TimestepEmbedding`.
public struct TimeEmbedding: Sendable {
    /// Which half comes first, and where the frequencies end: frequency i is 10000^(-i / (half - shift)).
    public struct Waves: Sendable {
        /// Numbers of a time: half of them sines.
        public var width: Int
        /// Diffusers' `flip_sin_to_cos`.
        public var cosineFirst: Bool
        /// Diffusers' `downscale_freq_shift`.
        public var shift: Double

        /// Diffusers' defaults.
        public init(width: Int, cosineFirst: Bool = true, shift: Double = 0) {
            self.width = width
            self.cosineFirst = cosineFirst
            self.shift = shift
        }

        /// [times, width]; an odd width ends in a zero. In Float, as there, because a phase of some hundreds is
        /// rounded noticeably.
        func callAsFunction(_ times: [Double], in pool: MemoryPool) -> Tensor {
            let half = width / 2
            let frequencies = (0..<half).map { expf(-logf(10000) * Float($0) / Float(Double(half) - shift)) }
            return Tensor([times.count, width], in: pool) { out in
                out.update(repeating: 0, count: times.count * width)
                for (row, time) in times.enumerated() {
                    let sines = out + row * width + (cosineFirst ? half : 0)
                    let cosines = out + row * width + (cosineFirst ? 0 : half)
                    for (i, frequency) in frequencies.enumerated() {
                        let phase = Double(Float(time) * frequency)
                        sines[i] = Scalar(sin(phase))
                        cosines[i] = Scalar(cos(phase))
                    }
                }
            }
        }
    }

    let waves: Waves
    let first, second: Linear

    /// Declares the layers `linear_1` and `linear_2`, the second `width` by `width`.
    public init(_ waves: Waves, _ width: Int, in builder: inout ModelBuilder) {
        self.waves = waves
        first = builder.scope("linear_1") { Linear(waves.width, width, in: &$0) }
        second = builder.scope("linear_2") { Linear(width, width, in: &$0) }
    }

    /// [times, width]
    public func callAsFunction(_ times: [Double], in pool: MemoryPool, _ context: inout ForwardContext) -> Tensor {
        second(Activation.silu(first(waves(times, in: pool), &context)), &context)
    }
}
