import Data
import Formats
import Kernels
import Perturbations

/// What an evaluation found. Arrays of flags have one entry a sample, in data order.
public struct RobustnessResult: Sendable {
    /// What an attack has left, alone or as a part of a cascade.
    public struct AttackOutcome: Sendable {
        /// As the attack's.
        public let name: String
        /// The attack's, and for a part of a cascade the cascade's name.
        public let settings: [JSONValue.Member]
        /// Correct, and not broken.
        public let survived: [Bool]
        /// Those that did not survive as a logit is not finite, so that there is no prediction.
        public let undefined: [Bool]
        /// Of the nearest misclassified image that was found of each sample: 0 for those that are misclassified as they
        /// are, infinite where none was found. Nil where the attack does not look for it.
        public let distances: [Double]?
        /// By the clock, over all tries where an evaluation was resumed; 0 for a part of a cascade that was known, as the
        /// same attack had been run by itself.
        public let seconds: Double
        /// Whether it follows gradients of the model, and does nothing else.
        let usesGradients: Bool
        /// As a share of all samples.
        public var robustAccuracy: Double { shareOfTrue(survived) }

        /// Of the samples that are classified correctly; nil where there is none.
        public var medianDistance: Double? {
            guard let sorted = distances?.filter({ $0 > 0 }).sorted(), !sorted.isEmpty else { return nil }
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }

        /// The share of samples whose nearest misclassified image is further than a radius.
        func accuracy(at radius: Double) -> Double? { distances.map { shareOfTrue($0.map { $0 > radius }) } }

        /// The name of the cascade that it is a part of, among the settings.
        static let cascadeKey = "cascade"
        /// A part of a cascade is run on what the parts before have left.
        var sawEveryImage: Bool { !settings.contains { $0.key == Self.cascadeKey } }
    }

    /// The accuracy under an attack with one budget.
    public struct CurvePoint: Sendable, Equatable {
        /// Radius of the ball, in units of images in [0, 1].
        public let epsilon: Double
        /// As a share of all samples.
        public let robustAccuracy: Double
    }

    /// A sign of gradient masking that was looked for; `ok` if it was not found.
    public struct Check: Sendable, Equatable {
        /// One of those that `SanityChecks` lists.
        public let name: String
        /// Whether the value is what it should be.
        public let ok: Bool
        /// What was measured, most often a share or a difference of two.
        public let value: Double
    }

    /// The data set's name.
    public let dataset: String
    /// The data set's.
    public let fingerprint: String
    /// Of one image.
    public let shape: ImageShape
    /// What the attacks were allowed.
    public let threat: ThreatModel
    /// The precision of products in which attacks searched. What they found was judged in that of the model.
    public let search: ProductPrecision
    /// Standard deviation of the noise that the network adds to every image; nil for a network that is not random.
    public let noise: Double?
    /// Of the attacks' random numbers.
    public let seed: UInt64
    /// What the evaluation ran on, which has no part in what it found.
    public let ranks: Int
    /// The right classes, of as many images as were attacked.
    public let labels: [Int]
    /// Whether the clean image is classified correctly.
    public let correct: [Bool]
    /// In the order in which they were run; a cascade follows its parts.
    public let attacks: [AttackOutcome]
    /// Correct, and survived every attack.
    public let survived: [Bool]
    /// Ascending by epsilon; empty where none was asked for.
    public let curve: [CurvePoint]
    /// Empty where none were asked for.
    public let checks: [Check]
    /// What a reader must know about how attacks were fitted to the model.
    public let notes: [String]
    /// [N, H, W, C]: for a sample that an attack broke, the first misclassified image found, else the clean image. Only
    /// on rank 0, and only if asked for.
    public let adversarialImages: [Scalar]

    /// Images that were attacked.
    public var samples: Int { labels.count }
    /// As a share of all samples.
    public var cleanAccuracy: Double { shareOfTrue(correct) }
    /// The share of samples that are correct and survived every attack.
    public var robustAccuracy: Double { shareOfTrue(survived) }
}

/// The share of flags that are set.
func shareOfTrue(_ flags: [Bool]) -> Double { Double(flags.count { $0 }) / Double(flags.count) }
