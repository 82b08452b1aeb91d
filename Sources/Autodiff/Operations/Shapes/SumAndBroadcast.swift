import Kernels

/// Sums over some axes, which stay with extent 1. Axes are counted from the end, so that leading axes ride along.
struct Sum: Operation {
    let axes: [Int]
    let name = "sum"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(axes.allSatisfy { $0 < 0 && -$0 <= shape.rank }, "sum: axes \(axes) of \(shape)")
        let reducing = shape.extents.indices.map { axes.contains($0 - shape.rank) }
        let plan = ReductionPlan(shape: shape.extents, reducing: reducing)
        let kept = zip(shape.extents, reducing).map { $1 ? 1 : $0 }
        return Tensor(Shape(kept), in: x[0].pool) { sum(plan, x[0].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [p.cotangent.broadcast(to: p.leadShape + p.inputShapes[0])] }

    func contributions(_ p: Pullback) -> [Contribution?] {
        // By the axes, not by extents: what an image gets must not depend on there being another.
        let rank = p.outputShape.rank
        guard rank > 1, Set(axes) == Set((2...rank).map { -$0 }), p.canDefer else {
            return tensorContributions(p)
        }
        return [Contribution(shift: p.cotangent)]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.sparesRows(axes, of: 0) ? self : nil }
}

/// Repeats axes of extent 1; the transpose of `Sum`.
struct Broadcast: Operation {
    let shape: Shape
    let name = "broadcast"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        precondition(x[0].shape.rank == shape.rank, "broadcast: \(x[0].shape) to \(shape)")
        let plan = BroadcastPlan(x[0].shape.extents, [], output: shape.extents)
        var zero: Scalar = 0
        return Tensor(shape, in: x[0].pool) { elementwise(.add, plan, x[0].pointer, &zero, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [p.cotangent] }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.isAligned(0) ? cut.shape(shape).map { Broadcast(shape: $0) } : nil
    }
}

extension Tensor {
    /// The sum over axes counted from the end (-1 is the last), each kept with extent 1.
    public func sum(_ axes: Int...) -> Tensor { apply(Sum(axes: axes), [self]) }
    /// The same for a list of axes; for none, the tensor itself.
    public func sum(axes: [Int]) -> Tensor { axes.isEmpty ? self : apply(Sum(axes: axes), [self]) }
    /// The sum of all numbers, shape [].
    public func total() -> Tensor { sum(axes: (0..<shape.rank).map { $0 - shape.rank }).reshaped([]) }
    /// The mean over axes counted from the end, each kept with extent 1.
    public func mean(_ axes: Int...) -> Tensor {
        apply(Sum(axes: axes), [self]) * (1 / Scalar(axes.reduce(1) { $0 * shape[$1] }))
    }
    /// The numbers repeated along axes of extent 1, up to a shape with as many axes.
    public func broadcast(to target: Shape) -> Tensor {
        target == shape ? self : apply(Broadcast(shape: target), [self])
    }

    /// A contribution to the cotangent of an input of shape `target` (leading axes included): summed over what
    /// broadcasting repeated, and repeated over leading axes that the rule collapsed to 1.
    func fitted(to target: Shape, lead: Int) -> Tensor {
        if shape == target { return self }
        let inner = shape.rank - lead, wanted = target.rank - lead
        precondition(inner >= wanted, "gradients: contribution \(shape) for \(target)")
        let summed = (1...max(1, inner)).filter { axis in
            axis <= inner && shape[-axis] != 1 && (axis > wanted || target[-axis] == 1)
        }
        return sum(axes: summed.map { -$0 })
            .reshaped(shape.prefix(lead) + target.dropFirst(lead))
            .broadcast(to: target)
    }
}
