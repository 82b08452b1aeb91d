import Autodiff

/// What BatchNorm's statistics are in the input gradient. `eval` runs the whole step on running statistics and leaves
/// them alone; the others are `BatchStatistics`.
public enum StatisticsMode: String, Sendable, CaseIterable {
    case frozen
    case perClass = "per-class"
    case repeated
    case eval

    var inInputGradient: BatchStatistics {
        switch self {
        case .frozen, .eval: .frozen
        case .perClass: .perClass
        case .repeated: .repeated
        }
    }
}
