import Autodiff
import Kernels
import Randomness

/// What a denoiser knows of the class of images at one noise level. By Bayes,
///
///     ∇ log p(y | x_t) = ∇ log p(x_t | y) − ∇ log p(x_t) = (ε̂(x_t, t, ∅) − ε̂(x_t, t, y)) / deviation[t].
public struct ScoreDifferences {
    /// Which noise an image gets: the same whatever other images are computed with it.
    public struct Draw: Sendable {
        public var time: Int
        public var number: Int
        public var seed: UInt64
        public init(time: Int, number: Int, seed: UInt64) {
            self.time = time
            self.number = number
            self.seed = seed
        }
    }

    /// ε̂(x_t, t, ∅) − ε̂(x_t, t, y), [classes, B, H, W, C] in normalised units.
    public let differences: Tensor
    /// The mean of (ε̂(x_t, t, y) − ε)² over the image, `[class][image]`: up to terms without y, the part of −log
    /// p(x|y)'s bound that this noise level gives, so that its smallest names the class.
    public let errors: [[Double]]

    /// - Parameters:
    ///   - images: normalised, [B, H, W, C].
    ///   - indices: the number of each image in its data set, which its noise is keyed by, together with the draw: all
    ///     classes see the same noise.
    public init(_ denoiser: some Denoiser, _ images: Tensor, indices: [Int], _ draw: Draw) {
        let size = denoiser.input.count, classes = denoiser.classes, count = indices.count
        precondition(images.shape == [count] + denoiser.input, "ScoreDifferences: \(images.shape), \(count) indices")
        let noise = Tensor(images.shape, in: images.pool) { out in
            for (row, index) in indices.enumerated() {
                // The level is part of the key: two levels of one image do not share noise.
                var stream = RandomStream(
                    seed: draw.seed, purpose: .scoreNoise, UInt64(index),
                    UInt64(draw.time) << 32 | UInt64(draw.number))
                stream.fillNormal(size, out + row * size)
            }
        }
        let times = Array(repeating: draw.time, count: count)
        let noisy = images.noised(noise, times: times, denoiser.levels)
        func predicted(_ label: Int) -> Tensor {
            denoiser.noise(in: noisy, times: times, classes: Array(repeating: label, count: count))
        }
        let unconditional = predicted(classes)
        var errors: [[Double]] = []
        differences = Tensor([classes] + images.shape, in: images.pool) { out in
            for label in 0..<classes {
                let conditional = predicted(label)
                let difference = unconditional - conditional
                // Pointers alone do not keep memory from being used again.
                withExtendedLifetime(difference) {
                    (out + label * images.shape.count).update(from: difference.pointer, count: images.shape.count)
                }
                errors.append(Self.squaredDistances(conditional, noise, size: size))
            }
        }
        self.errors = errors
    }

    private static func squaredDistances(_ a: Tensor, _ b: Tensor, size: Int) -> [Double] {
        withExtendedLifetime((a, b)) {
            (0..<a.shape[0]).map { row in
                var sum = 0.0
                for i in (row * size)..<((row + 1) * size) {
                    let distance = Double(a.pointer[i]) - Double(b.pointer[i])
                    sum += distance * distance
                }
                return sum / Double(size)
            }
        }
    }
}
