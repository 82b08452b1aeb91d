/// Which function of the logits the input gradients are of.
public enum GradientOf: String, Sendable, CaseIterable {
    case logit, logprob
}
