/// How far an evaluation has come, as its rank 0 sees it.
public struct EvaluationProgress: Sendable, Equatable {
    /// What is being done: `clean`, an attack's name, or that with the epsilon of a curve or check.
    public let stage: String
    /// Images that some rank is done with, as far as rank 0 can tell, and all of the stage.
    public let done: Int
    public let total: Int
    /// A forecast for this stage from its pace so far; nil before there is one. Attacks end sooner on images that they
    /// break, so it errs on the long side.
    public let secondsLeft: Double?
}
