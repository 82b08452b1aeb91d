/// How a differentiation pass treats BatchNorm's batch statistics (defined in the documentation of `StatisticsGate`).
public enum BatchStatistics: String, Sendable, CaseIterable {
    case frozen
    case perClass = "per-class"
    case repeated
}
