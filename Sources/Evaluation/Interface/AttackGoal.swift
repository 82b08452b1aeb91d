import Formats

/// What an attack on a loss wants an image to be taken for. Any misclassification counts as success.
public enum AttackGoal: Sendable, Equatable {
    case untargeted
    /// The likeliest wrong classes of the clean image, so many of them, one after the other. Where the model has
    /// fewer classes, all of them.
    case likeliest(Int)
    /// The same of the wrong classes whose boundaries are nearest as the network's linearisation has them, which need not be
    /// the likeliest: a boundary is near where its logits part slowly (MALT; Melamed et al. 2024).
    case nearest(Int)

    /// Classes that are tried, where the model has as many; nil for none.
    var targets: Int? {
        switch self {
        case .untargeted: nil
        case .likeliest(let count), .nearest(let count): count
        }
    }

    /// As result files have it; nothing for what has always been.
    var settings: [JSONValue.Member] {
        guard let targets else { return [] }
        let count = [JSONValue.Member("target_classes", JSONValue(targets))]
        return if case .nearest = self { count + [.init("target_order", "nearest")] } else { count }
    }

    /// Passes through the network of each run towards one class in `steps`, with those that choose the classes.
    func passes(_ problem: AttackProblem, restarts: Int, steps: Int, once: Int = 0) -> Int {
        guard let targets else { return restarts * steps }
        let choice = if case .nearest = self { problem.classes - 1 } else { 0 }
        return choice + restarts * min(targets, problem.classes - 1) * (steps + once)
    }
}
