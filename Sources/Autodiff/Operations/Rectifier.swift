import Kernels

/// max(x, 0). Its derivative is the step function, with 0 at 0 as in PyTorch, and its second derivative is zero.
struct Rectifier: Operation {
    let name = "relu"
    let keeps: Kept = .output
    let gate: Gate? = .output

    func forward(_ x: [Tensor]) -> Tensor {
        Tensor(x[0].shape, in: x[0].pool) { rectify(x[0].shape.count, x[0].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [p.gatedCotangent] }
    func onRows(_ cut: RowCut) -> (any Operation)? { self }
}

/// dy where the rectifier's output is positive, else 0. Axes of dy before the output's ride along.
struct RectifierGradient: Operation {
    let name = "relu gradient"
    let keeps: Kept = .input1
    let gate: Gate? = .input(1)

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, y) = (x[0], x[1]), lead = dy.shape.rank - y.shape.rank
        precondition(lead >= 0 && dy.shape.dropFirst(lead) == y.shape, "\(name): \(dy.shape) and \(y.shape)")
        return Tensor(dy.shape, in: dy.pool) {
            rectifierGradient(rows: dy.shape.prefix(lead).count, y.shape.count, dy.pointer, y: y.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [p.gatedCotangent, nil] }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0) && cut.follows(1) == (cut.inputs[1].rank == cut.output.rank) ? self : nil
    }
}

extension Pullback {
    /// The cotangent where the operation's gate is open, and zero elsewhere.
    var gatedCotangent: Tensor {
        if operation.gate == nil || isGated { return cotangent }
        guard let gate = node.gate else { preconditionFailure("\(operation.name): the gate was released") }
        return apply(RectifierGradient(), [cotangent, gate])
    }
}

extension Tensor {
    /// max(x, 0) of every number.
    public func rectified() -> Tensor { apply(Rectifier(), [self]) }
}
