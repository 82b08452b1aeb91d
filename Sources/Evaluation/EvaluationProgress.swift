/// How far an evaluation has come, as its rank 0 sees it.
public struct EvaluationProgress: Sendable, Equatable {
    /// What is being done: `clean`, an attack's name, or that with the epsilon of a curve or check.
    public let stage: String
    /// Images that rank 0 is done with, and all of its own.
    public let done: Int
    public let total: Int
}
