/// How far an evaluation has come, as its rank 0 sees it.
public struct EvaluationProgress: Sendable, Equatable {
    /// Where a stage stands among all.
    public struct Place: Sendable, Equatable {
        /// From 1 on.
        public let number: Int
        public let of: Int
    }

    /// What is being done: `clean`, an attack's name, or that with the epsilon of a curve or check.
    public let stage: String
    /// Images that some rank is done with, as far as rank 0 can tell, and all of the stage.
    public let done: Int
    public let total: Int
    /// A forecast by the pace so far; nil before there is one. Of this stage where there is no `place`: attacks end sooner on
    /// images that they break, so it errs on the long side. Else of all stages that are left.
    public let secondsLeft: Double?
    /// Nil where it is not known how many stages there will be.
    public var place: Place?
}
