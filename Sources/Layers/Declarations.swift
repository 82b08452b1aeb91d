import Autodiff
import Kernels
import Randomness

/// How the numbers of a parameter lie in files, which follow PyTorch, as against in memory, which is channels-last.
public enum FileLayout: Sendable {
    case asInMemory
    /// Filters are [Co, kh, kw, Ci] in memory and [Co, Ci, kh, kw] in files.
    case filters
    /// Matrices whose axes change places.
    case transposed
}

/// A trainable tensor: its name in files, its shape in memory, and how it starts.
public struct ParameterDeclaration: Sendable {
    /// Unique in its model, scopes joined by dots.
    public let name: String
    /// Extents in memory.
    public let shape: Shape
    /// The order in files.
    public let layout: FileLayout
    /// Where training begins.
    public let initialiser: Initialiser
    /// False for biases and normalisation parameters, which `weightDecay` may leave alone.
    public var isWeight: Bool { shape.rank > 1 }
}

/// BatchNorm's running mean and variance and the number of steps they have seen.
public struct StatisticsDeclaration: Sendable {
    /// In files, as the two below.
    public let meanName: String
    /// Of the variance, with n - 1.
    public let varianceName: String
    /// Of the number of steps.
    public let counterName: String
    /// Numbers of the mean, and of the variance.
    public let channels: Int
    /// Where they start; nil: at 0 and 1.
    public let start: Start?

    /// Statistics that are there already.
    public struct Start: Sendable {
        let mean, variance: [Scalar]
        public init(mean: [Scalar], variance: [Scalar]) {
            self.mean = mean
            self.variance = variance
        }
        /// Writes both.
        public func fill(mean: Destination, variance: Destination) {
            mean.update(from: self.mean, count: self.mean.count)
            variance.update(from: self.variance, count: self.variance.count)
        }
    }
}

/// The start value of a parameter.
public enum Initialiser: Sendable {
    case constant(Scalar)
    /// Uniform in ±1/sqrt(fanIn): PyTorch's default for convolutions and linear layers.
    case uniform(fanIn: Int)
    /// Standard normal.
    case normal
    /// What is there already, in the order of memory.
    case given([Scalar])

    /// The values depend on the seed and the parameter's position alone.
    public func fill(_ count: Int, _ out: Destination, seed: UInt64, position: Int) {
        switch self {
        case .given(let numbers):
            precondition(numbers.count == count, "Initialiser: \(numbers.count) numbers for \(count)")
            out.update(from: numbers, count: count)
        case .constant(let value): out.update(repeating: value, count: count)
        case .uniform(let fanIn):
            var stream = RandomStream(seed: seed, purpose: .initialisation, UInt64(position))
            let bound = 1 / Double(max(1, fanIn)).squareRoot()
            for i in 0..<count { out[i] = Scalar((2 * stream.uniform() - 1) * bound) }
        case .normal:
            var stream = RandomStream(seed: seed, purpose: .initialisation, UInt64(position))
            for i in 0..<count { out[i] = Scalar(stream.normal()) }
        }
    }
}

/// Where a layer finds its parameter in a `ForwardContext`.
public struct ParameterSlot: Sendable { let index: Int }
/// Where a layer finds its running statistics in a `ForwardContext`.
public struct StatisticsSlot: Sendable { let index: Int }
