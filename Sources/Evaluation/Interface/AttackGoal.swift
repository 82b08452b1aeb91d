/// What an attack on a loss wants an image to be taken for. Any misclassification counts as success.
public enum AttackGoal: Sendable, Equatable {
    case untargeted
    /// The likeliest wrong classes of the clean image, so many of them, one after the other. Where the model has
    /// fewer classes, all of them.
    case likeliest(Int)
}
