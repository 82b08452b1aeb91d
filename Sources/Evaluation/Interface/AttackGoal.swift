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

    /// With no more classes than there are wrong ones.
    func limited(to problem: AttackProblem) -> AttackGoal {
        switch self {
        case .untargeted: .untargeted
        case .likeliest(let count): .likeliest(min(count, problem.classes - 1))
        case .nearest(let count): .nearest(min(count, problem.classes - 1))
        }
    }

    /// As result files have it; nothing for what has always been.
    var settings: [JSONValue.Member] {
        guard let targets else { return [] }
        let count = [JSONValue.Member("target_classes", JSONValue(targets))]
        return if case .nearest = self { count + [.init("target_order", "nearest")] } else { count }
    }

    /// Most passes through the network of `AttackContext.firstSuccess(for:)`: those that put the classes in order, the runs,
    /// and a look between two of them at what is left.
    func passes(_ problem: AttackProblem, restarts: Int, ofRun: Int) -> Int {
        let runs = runs(problem, restarts: restarts)
        return passesToChoose(problem) + runs * ofRun + runs - 1
    }

    /// Runs of an attack with so many towards each class, or in all where there is no class to go to.
    func runs(_ problem: AttackProblem, restarts: Int) -> Int {
        restarts * (targets.map { min($0, problem.classes - 1) } ?? 1)
    }

    /// Passes through the network that put the classes in order.
    func passesToChoose(_ problem: AttackProblem) -> Int {
        switch self {
        case .untargeted: 0
        case .likeliest: 1
        case .nearest: problem.classes - 1
        }
    }
}
