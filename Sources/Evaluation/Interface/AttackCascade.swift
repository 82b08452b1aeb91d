import Autodiff
import Formats
import Kernels

/// Attacks that count as one: each sees only the images that the ones before have left.
public protocol AttackCascade: Attack {
    /// The attacks for such a model and threat, and what a reader must know about the choice.
    func parts(_ problem: AttackProblem) -> (attacks: [any Attack], notes: [String])
}

extension AttackCascade {
    public var source: AttackSource { .several }

    public func validate(_ problem: AttackProblem) throws {
        for attack in parts(problem).attacks { try attack.require(fit: problem) }
    }

    public func passes(_ problem: AttackProblem) -> Int {
        parts(problem).attacks.reduce(0) { $0 + $1.passes(problem) }
    }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let attacks = parts(context.problem).attacks
        return context.firstSuccess(of: attacks.count, on: batch) { run, _, part in
            attacks[run].perturb(part, context)
        }
    }
}
