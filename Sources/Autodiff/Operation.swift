/// A differentiable function of tensors: its attributes, its values and its derivative rule.
///
/// The rule is itself written in operations, so it can be differentiated in turn, to any order. A new operation is one
/// file and one line in `OperationCatalogue`.
public protocol Operation: Sendable {
    var name: String { get }
    /// What the derivative rule reads; everything else is dropped as soon as the operation has run.
    var keeps: Kept { get }
    /// The values. Inputs are constants here.
    func forward(_ inputs: [Tensor]) -> Tensor
    /// One contribution for each input that is wanted; nil where the derivative is zero.
    ///
    /// The cotangent has shape `lead + output.shape`: a leading class axis rides along untouched. Contributions may
    /// have any shape that broadcasting with the input's could have produced; they are summed down to
    /// `lead + input.shape` where they are collected.
    func pullback(_ p: Pullback) -> [Tensor?]
    /// The same, where sums may be left to whoever needs them.
    func contributions(_ p: Pullback) -> [Contribution?]
    /// False where the derivative is zero throughout a pass, so that nothing before the operation need be visited.
    func passesGradient(_ statistics: BatchStatistics) -> Bool
    /// Where the rule begins by closing a gate to the cotangent; nil for most.
    var gate: Gate? { get }
    /// Where the rule sends contributions in unusual ways. `p` has no epilogue yet.
    func route(_ p: Pullback) -> Route
    /// What makes some rows of the output of the same rows of those inputs that follow the batch, and of the others as
    /// they are: the operation itself, unless its attributes are of certain rows. Nil where that is not so, or not
    /// known.
    func onRows(_ cut: RowCut) -> (any Operation)?
}

extension Operation {
    public func contributions(_ p: Pullback) -> [Contribution?] { tensorContributions(p) }
    /// With nothing left to be made.
    func tensorContributions(_ p: Pullback) -> [Contribution?] { pullback(p).map { $0.map(Contribution.tensor) } }
    public func passesGradient(_ statistics: BatchStatistics) -> Bool { true }
    public var gate: Gate? { nil }
    public func route(_ p: Pullback) -> Route { Route() }
}
