import Failures
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

    /// Throws `usage` for a norm that an attack is not made for.
    func requireNorm(_ known: ThreatModel.Norm...) throws {
        guard known.contains(norm) else {
            let names = known.map(\.rawValue).joined(separator: " and ")
            throw Failure(.usage, "it is made for \(names), the norm is \(norm.rawValue)")
        }
    }
}
