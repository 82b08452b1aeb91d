import Autodiff
import Kernels
import Randomness

/// Draws images from noise. A sample depends on seed, number and class alone, not on the others drawn with it.
public struct Sampler: Sendable {
    /// How the noise of the next level comes about.
    public enum Kind: String, Sendable, CaseIterable {
        /// Deterministic from the first noise on (Song, Meng, Ermon 2021).
        case ddim
        /// With fresh noise of the posterior's variance at every step (Ho, Jain, Abbeel 2020).
        case ancestral
    }

    public var kind: Kind
    /// Denoising steps, spread evenly over the time steps.
    public var steps: Int
    /// Predictions of the image are cut to this range at every step; nil where images have none.
    public var range: ClosedRange<Scalar>?
    /// Of all noise.
    public var seed: UInt64

    public init(_ kind: Kind, steps: Int, range: ClosedRange<Scalar>?, seed: UInt64) {
        self.kind = kind
        self.steps = steps
        self.range = range
        self.seed = seed
    }

    /// Normalised images [classes, H, W, C], one of each class given; the denoiser's number of classes is the empty
    /// one.
    public func callAsFunction(
        _ denoiser: some Denoiser, classes: [Int], in pool: MemoryPool, onStep: () -> Void = {}
    ) -> Tensor {
        let shape = [classes.count] + denoiser.input
        var x = noise(shape, step: 0, in: pool)
        let times = times(of: denoiser.levels.count)
        for (step, time) in times.enumerated() {
            let predicted = denoiser.noise(
                in: x, times: Array(repeating: time, count: classes.count), classes: classes)
            let next = step + 1 < times.count ? times[step + 1] : nil
            x = move(x, predicted, from: time, to: next, denoiser.levels, step: step)
            onStep()
        }
        return x
    }

    /// Descending, from the last time step.
    func times(of count: Int) -> [Int] {
        let steps = min(steps, count)
        return (0..<steps).map { count - 1 - $0 * count / steps }
    }

    /// One step of the family between both samplers: the new noise has the posterior's variance, or none.
    private func move(
        _ x: Tensor, _ predicted: Tensor, from time: Int, to next: Int?, _ levels: NoiseLevels, step: Int
    ) -> Tensor {
        let a = levels.signal[time], s = levels.deviation[time]
        let nextA = next.map { levels.signal[$0] } ?? 1, nextS = next.map { levels.deviation[$0] } ?? 0
        // The variance of q(x_next | x_t, x), as a part of next's.
        let ratio = a / nextA
        let fresh = kind == .ancestral ? nextS / s * max(0, 1 - ratio * ratio).squareRoot() : 0
        let kept = max(0, nextS * nextS - fresh * fresh).squareRoot()
        let random = fresh > 0 ? noise(x.shape, step: step + 1, in: x.pool) : nil
        let count = x.shape.count, (from, noise) = (x.pointer, predicted.pointer)
        return withExtendedLifetime((x, predicted, random)) {
            Tensor(x.shape, in: x.pool) { out in
                for i in 0..<count {
                    var image = (from[i] - Scalar(s) * noise[i]) / Scalar(a)
                    var direction = noise[i]
                    if let range, !range.contains(image) {
                        image = min(max(image, range.lowerBound), range.upperBound)
                        direction = (from[i] - Scalar(a) * image) / Scalar(s)
                    }
                    out[i] = Scalar(nextA) * image + Scalar(kept) * direction
                    if let random { out[i] += Scalar(fresh) * random.pointer[i] }
                }
            }
        }
    }

    private func noise(_ shape: Shape, step: Int, in pool: MemoryPool) -> Tensor {
        let size = shape.dropFirst().count
        return Tensor(shape, in: pool) { out in
            for sample in 0..<shape[0] {
                var stream = RandomStream(seed: seed, purpose: .sampling, UInt64(sample), UInt64(step))
                stream.fillNormal(size, out + sample * size)
            }
        }
    }
}
