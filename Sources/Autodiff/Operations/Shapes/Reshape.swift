/// The same numbers under another shape, without a copy.
struct Reshape: Operation {
    let shape: Shape
    let name = "reshape"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        precondition(x[0].shape.count == shape.count, "reshape: \(x[0].shape) to \(shape)")
        return Tensor(shape: shape, storage: x[0].storage)
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [p.cotangent.reshaped(p.leadShape + p.inputShapes[0])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.shape(shape).map { Reshape(shape: $0) } }
}

extension Tensor {
    /// The same numbers, in the same order, under a shape with as many.
    public func reshaped(_ target: Shape) -> Tensor { target == shape ? self : apply(Reshape(shape: target), [self]) }
}
