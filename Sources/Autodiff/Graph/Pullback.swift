/// What a derivative rule is given.
public struct Pullback: Sendable {
    /// The derivative of whatever is differentiated by the operation's output, `lead + outputShape`.
    public let cotangent: Tensor
    /// Whether a contribution to an input is asked for; others may be nil.
    public let wanted: [Bool]
    /// Inputs whose own gradients were asked for.
    let isVariable: [Bool]
    /// What BatchNorm's batch statistics are in this pass.
    public let statistics: BatchStatistics
    /// Of the inputs, kept or not.
    let inputShapes: [Shape]
    /// Without the cotangent's leading axes.
    let outputShape: Shape
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
    /// Their extents.
    var leadShape: Shape { cotangent.shape.prefix(lead) }

    /// Input `index`, which the operation has to say that it `keeps`.
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
    /// The result, which the operation has to say that it `keeps`.
    public var output: Tensor {
        guard let tensor = savedOutput else {
            preconditionFailure("\(operation.name): output was not kept, or was released")
        }
        return tensor
    }
}
