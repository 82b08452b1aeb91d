import Perturbations

/// What an attack is to be run against, as far as it must know before it starts.
public struct AttackProblem: Sendable, Equatable {
    /// That the model tells apart.
    public let classes: Int
    /// In which moves are measured.
    public let norm: ThreatModel.Norm

    public init(classes: Int, norm: ThreatModel.Norm) {
        self.classes = classes
        self.norm = norm
    }
}
