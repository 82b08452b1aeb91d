import Kernels

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

public struct Kept: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let nothing: Kept = []
    public static let input0 = Kept(rawValue: 1)
    public static let input1 = Kept(rawValue: 2)
    public static let output = Kept(rawValue: 1 << 8)
    public static let inputs = Kept(rawValue: (1 << 8) - 1)
    /// Of a product of two inputs: each input for the derivative with respect to the other, if that is recorded.
    public static let factors = Kept(rawValue: 1 << 9)
    static func input(_ index: Int) -> Kept { Kept(rawValue: 1 << index) }
}

/// How a differentiation pass treats BatchNorm's batch statistics (defined in the documentation of `StatisticsGate`).
public enum BatchStatistics: String, Sendable, CaseIterable {
    case frozen
    case perClass = "per-class"
    case repeated
}

/// What a derivative rule is given.
public struct Pullback: Sendable {
    public let cotangent: Tensor
    public let wanted: [Bool]
    /// Inputs whose own gradients were asked for.
    let isVariable: [Bool]
    public let statistics: BatchStatistics
    public let inputShapes: [Shape]
    public let outputShape: Shape
    let node: Node
    let isRecording: Bool
    let operation: any Operation
    let savedInputs: [Tensor?]
    let savedOutput: Tensor?
    /// The cotangent is zero already where the operation's gate is closed.
    let isGated: Bool
    /// For the input that `Operation.route` calls completed.
    var epilogue: Epilogue?

    /// Whether sums may be left to be made later.
    var canDefer: Bool { !isRecording && lead == 0 }

    /// Leading axes of the cotangent beyond the output's.
    public var lead: Int { cotangent.shape.rank - outputShape.rank }
    public var leadShape: Shape { cotangent.shape.prefix(lead) }

    /// The cotangent where the operation's gate is open, and zero elsewhere.
    var gatedCotangent: Tensor {
        if operation.gate == nil || isGated { return cotangent }
        guard let gate = node.gate else { preconditionFailure("\(operation.name): the gate was released") }
        return apply(RectifierGradient(), [cotangent, gate])
    }

    public func input(_ index: Int) -> Tensor {
        guard let tensor = savedInputs[index] else {
            preconditionFailure("\(operation.name): input \(index) was not kept, or was released")
        }
        return tensor
    }
    /// A function of the inputs alone: made in the first recorded pass through the operation, and the same in every
    /// later one. Passes that are for some of the classes each then share it.
    func remembered(_ name: String, _ make: () -> Tensor) -> Tensor {
        if let known = node.remembered[name] { return isRecording ? known : known.detached }
        let made = make()
        if isRecording { node.remember(made, as: name) }
        return made
    }
    public var output: Tensor {
        guard let tensor = savedOutput else {
            preconditionFailure("\(operation.name): output was not kept, or was released")
        }
        return tensor
    }
}
