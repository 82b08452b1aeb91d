import Data
import Formats
import Kernels
import Perturbations

/// What an evaluation found. Arrays of flags have one entry a sample, in data order.
public struct RobustnessResult: Sendable {
    public struct AttackOutcome: Sendable {
        public let name: String
        public let settings: [JSONValue.Member]
        public let survived: [Bool]
        /// Of those that did not survive, how many had a logit that is not finite, and so no prediction.
        public let undefined: Int
        public let seconds: Double
        /// Whether it follows gradients of the model, and does nothing else.
        public let usesGradients: Bool
        public var robustAccuracy: Double { share(survived) }
    }

    public struct CurvePoint: Sendable, Equatable {
        public let epsilon: Double
        public let robustAccuracy: Double
    }

    /// A sign of gradient masking that was looked for; `ok` if it was not found.
    public struct Check: Sendable, Equatable {
        public let name: String
        public let ok: Bool
        public let value: Double
    }

    public let dataset: String
    public let fingerprint: String
    public let shape: ImageShape
    public let threat: ThreatModel
    public let order: RobustnessEvaluation.Order
    public let seed: UInt64
    public let ranks: Int
    public let labels: [Int]
    public let correct: [Bool]
    public let attacks: [AttackOutcome]
    /// Correct, and survived every attack.
    public let survived: [Bool]
    public let curve: [CurvePoint]
    public let checks: [Check]
    /// What a reader must know about how attacks were fitted to the model.
    public let notes: [String]
    /// [N, H, W, C]: for a sample that an attack broke, the first misclassified image found, else the clean image. Only
    /// on rank 0, and only if asked for.
    public let adversarialImages: [Scalar]

    public var samples: Int { labels.count }
    public var cleanAccuracy: Double { share(correct) }
    public var robustAccuracy: Double { share(survived) }
}

/// The share of flags that are set.
func share(_ flags: [Bool]) -> Double { Double(flags.count { $0 }) / Double(flags.count) }
