import Figures

/// By which held-out figure a run's checkpoints are compared.
public struct BestRule: Sendable {
    /// Of `HeldOutReport`.
    public let figure: Figure
    public let isHigherBetter: Bool
    /// What a checkpoint calls the best value so far.
    public let key: String

    /// Whether a value is better than all before, of which `best` is the best; nil where there is none. What is no
    /// number never is.
    func isBetter(_ value: Double, than best: Double?) -> Bool {
        guard value.isFinite else { return false }
        guard let best else { return true }
        return isHigherBetter ? value > best : value < best
    }
}
