import Kernels

/// A smooth activation, or one of its derivatives: the rule for order n is order n + 1 of the same family.
struct Smooth: Operation {
    let function: SmoothActivation
    let order: Int

    var name: String { function.rawValue + String(repeating: "'", count: order) }
    let keeps: Kept = .input0

    func forward(_ x: [Tensor]) -> Tensor {
        Tensor(x[0].shape, in: x[0].pool) { function.apply(order: order, x[0].shape.count, x[0].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [p.cotangent * apply(Smooth(function: function, order: order + 1), [p.input(0)])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { self }
}

extension Tensor {
    /// `function` of every number.
    public func activated(by function: SmoothActivation) -> Tensor {
        apply(Smooth(function: function, order: 0), [self])
    }
}
