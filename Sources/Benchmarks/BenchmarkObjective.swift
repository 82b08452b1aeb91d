/// What a step does with the network.
public enum BenchmarkObjective: String, Sendable, CaseIterable {
    /// The aligned-gradient step: cross-entropy and the alignment of all classes' input gradients.
    case pag
    /// A plain cross-entropy step.
    case ce
    /// Inference.
    case infer
}
