/// What an attack found of a sample.
struct AttackFinding: BitwiseCopyable {
    let outcome: SampleOutcome
    /// Of the nearest misclassified image, where the attack looks for it: infinite where there is none. Otherwise 0.
    let distance: Double

    init(_ outcome: SampleOutcome, distance: Double = 0) {
        self.outcome = outcome
        self.distance = distance
    }
}

/// What became of a sample under an attack, or without one.
enum SampleOutcome: UInt8 {
    case survived = 1
    case broken = 2
    /// Broken too, as a logit is not finite: there is no prediction.
    case undefined = 3

    init(prediction: Int?, label: Int) {
        self = prediction.map { $0 == label ? .survived : .broken } ?? .undefined
    }
}
