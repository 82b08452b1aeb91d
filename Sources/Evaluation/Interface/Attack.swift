import Autodiff
import Failures
import Formats
import Perturbations

/// A search for misclassified images near given ones. A new attack is one file and one line in `AttackRegistry`.
public protocol Attack: Sendable {
    /// As users write it and result files show it; also part of the key of its random numbers.
    var name: String { get }
    /// What result files say about it besides its name.
    var settings: [JSONValue.Member] { get }
    /// What it learns from.
    var source: AttackSource { get }
    /// In which it can be run.
    var norms: [ThreatModel.Norm] { get }
    /// Whether it walks along the boundary and ends on it, on an image that nothing but the network's last digits keeps
    /// misclassified. Such a search computes as the judge does, and says little about a network whose output is random.
    var endsOnBoundary: Bool { get }
    /// Throws `usage` where the attack cannot be run against such a model under one of its norms.
    func validate(_ problem: AttackProblem) throws
    /// The same attack as it is run against such a model, where that leaves less to choose than its settings say.
    func fitted(to problem: AttackProblem) -> any Attack
    /// Most passes through the network that `perturb` makes of one image, for forecasts.
    func passes(_ problem: AttackProblem) -> Int
    /// Images [B, H, W, C] that `context.threat` allows, one for each of the batch's: a misclassified one where the
    /// attack found one. What becomes of an image must depend on the image and its index alone, never on the rest of
    /// the batch.
    func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor
}

extension Attack {
    public var endsOnBoundary: Bool { false }
    public func fitted(to problem: AttackProblem) -> any Attack { self }

    /// Throws `usage` where the attack cannot be run against such a model and threat.
    func require(fit problem: AttackProblem) throws {
        guard norms.contains(problem.norm) else {
            let names = norms.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "it is made for \(names), the norm is \(problem.norm.rawValue)")
        }
        try validate(problem)
    }
}

/// What an attack learns from about the model.
public enum AttackSource: Sendable {
    /// Gradients of the model, and nothing else.
    case gradients
    /// What the model says of images: logits, or classes alone.
    case outputs
    /// Another model, which the attack needs.
    case surrogate
    /// Attacks of several kinds.
    case several
}
