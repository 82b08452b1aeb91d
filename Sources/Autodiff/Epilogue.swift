/// A kept tensor at which an operation's derivative rule begins: a cotangent counts only where it is positive. It is as
/// large as the output, or as what remains of the output without leading axes.
public enum Gate: Sendable {
    case input(Int), output
}

/// What becomes of a contribution to a gradient before it is written to memory, which saves passes over it.
public struct Epilogue: Sendable {
    /// What others have contributed to the same gradient.
    let addend: Tensor?
    /// The gate of the operation that will get the gradient, if nobody else contributes any more.
    let gate: Tensor?
}

/// Where a derivative rule sends contributions in unusual ways.
public struct Route: Sendable {
    /// The input that gets nothing in this pass. The inputs of what made it are inputs of the operation too.
    var bypassed: Int?
    /// The input whose contribution the rule makes together with `Pullback.epilogue`.
    var completed: Int?
}
