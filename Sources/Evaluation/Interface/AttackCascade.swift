import Autodiff
import Formats
import Kernels

/// Attacks that count as one: each sees only the images that the ones before have left.
public protocol AttackCascade: Attack {
    /// The attacks for a model of so many classes, and what a reader must know about the choice.
    func parts(classes: Int) -> (attacks: [any Attack], notes: [String])
}

extension AttackCascade {
    public var source: AttackSource { .several }

    public func validate(classes: Int) throws {
        for attack in parts(classes: classes).attacks { try attack.validate(classes: classes) }
    }

    public func passes(classes: Int) -> Int {
        parts(classes: classes).attacks.reduce(0) { $0 + $1.passes(classes: classes) }
    }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        let attacks = parts(classes: context.classifier.classes).attacks
        return context.firstSuccess(of: attacks.count, on: batch) { run, _, part in
            attacks[run].perturb(part, context)
        }
    }
}
