import Diffusion
import Kernels

/// What a step logs: sums over images, so that shards and ranks add up.
public struct LossParts: Sendable, Equatable {
    public var images: Int
    /// Of the shard's images, or of the perturbed ones where the loss has no other.
    public var crossEntropy = 0.0
    /// What the loss adds to the cross-entropy, without the alignment term.
    public var regularisation = 0.0
    /// Sum over images and classes of 1 - cosine, scaled to all classes.
    public var alignment = 0.0
    public var cosine = 0.0
    /// Sum of the norms of all input gradients, their number, and how many of them are zero.
    public var gradientNorm = 0.0
    public var gradients = 0
    public var zeroGradients = 0
    /// How many target gradients, of as many, are zero or too large to have a norm.
    public var emptyTargets = 0
    public var correct = 0
    /// Images that an attack has perturbed, and how many of them are still classified correctly.
    public var perturbed = 0
    public var perturbedCorrect = 0
    /// A denoiser's errors, the time steps in so many equal ranges, the least noise first.
    public static let noiseLevels = 8
    public var denoising = [LevelError](repeating: LevelError(), count: noiseLevels)
    static func noiseLevel(_ time: Int, of levels: NoiseLevels) -> Int { time * noiseLevels / levels.count }

    public init(images: Int) { self.images = images }

    /// Whether these are a denoiser's, which has no accuracy.
    var areOfDenoiser: Bool { denoising.contains { $0.images > 0 } }

    mutating func add(distance: Scalar, _ similarity: CosineSimilarity) {
        alignment += Double(distance)
        cosine += similarity.cosines.array.reduce(0) { $0 + Double($1) }
        gradientNorm += similarity.norms.reduce(0, +)
        gradients += similarity.norms.count
        zeroGradients += similarity.zeroGradients
        emptyTargets += similarity.emptyTargets
    }
}

/// The errors at some noise levels.
public struct LevelError: Sendable, Equatable {
    public var sum = 0.0
    public var images = 0

    public init() {}
    mutating func add(_ error: Double) {
        sum += error
        images += 1
    }
    /// Nil without images.
    public var mean: Double? { images > 0 ? sum / Double(images) : nil }
}
