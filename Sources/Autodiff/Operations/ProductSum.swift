import Kernels

/// The sum of a b over some axes, which stay with extent 1, without storing the product. Both have the same shape.
struct ProductSum: Operation {
    let axes: [Int]
    let name = "product sum"
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(x[1].shape == shape, "product sum: \(shape) and \(x[1].shape)")
        let reducing = shape.extents.indices.map { axes.contains($0 - shape.rank) }
        let plan = ReductionPlan(shape: shape.extents, reducing: reducing)
        let kept = zip(shape.extents, reducing).map { $1 ? 1 : $0 }
        return Tensor(Shape(kept), in: x[0].pool) { productSum(plan, x[0].pointer, x[1].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [p.wanted[0] ? p.cotangent * p.input(1) : nil, p.wanted[1] ? p.cotangent * p.input(0) : nil]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0) && cut.follows(1) && cut.sparesRows(axes, of: 0) ? self : nil
    }
}

extension Tensor {
    /// The sum of self * other over axes counted from the end, each kept with extent 1.
    public func productSum(_ other: Tensor, axes: [Int]) -> Tensor {
        shape == other.shape && !axes.isEmpty
            ? apply(ProductSum(axes: axes), [self, other]) : (self * other).sum(axes: axes)
    }

    /// self * other as the contribution to an input of shape `target` (leading axes included): the axes that
    /// broadcasting repeated are summed as the product is made.
    func product(_ other: Tensor, fittedTo target: Shape, lead: Int) -> Tensor {
        guard shape == other.shape, shape != target else { return self * other }
        let inner = shape.rank - lead, wanted = target.rank - lead
        let axes = (1...max(1, inner)).filter { axis in
            axis <= inner && shape[-axis] != 1 && (axis > wanted || target[-axis] == 1)
        }
        return productSum(other, axes: axes.map { -$0 })
    }
}
