import Kernels

/// Element-by-element arithmetic of two tensors under right-aligned broadcasting.
struct Arithmetic: Operation {
    let kind: BinaryKind

    var name: String { kind.rawValue }
    var keeps: Kept {
        switch kind {
        case .add, .subtract: .nothing
        case .multiply: .factors
        case .divide: [.input1, .output]
        }
    }

    func forward(_ x: [Tensor]) -> Tensor {
        guard let shape = Shape.broadcast(x[0].shape, x[1].shape) else {
            preconditionFailure("\(name): shapes \(x[0].shape) and \(x[1].shape) do not fit")
        }
        let plan = BroadcastPlan(x[0].shape.extents, x[1].shape.extents, output: shape.extents)
        return Tensor(shape, in: x[0].pool) { elementwise(kind, plan, x[0].pointer, x[1].pointer, $0) }
    }

    func pullback(_ p: Pullback) -> [Tensor?] {
        let ct = p.cotangent
        switch kind {
        case .add: return [ct, ct]
        case .subtract: return [ct, p.wanted[1] ? -ct : nil]
        case .multiply:
            return [0, 1].map { index in
                guard p.wanted[index] else { return nil }
                return ct.product(p.input(1 - index), fittedTo: p.leadShape + p.inputShapes[index], lead: p.lead)
            }
        case .divide:
            let quotient = ct / p.input(1)
            return [p.wanted[0] ? quotient : nil, p.wanted[1] ? -(quotient * p.output) : nil]
        }
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.isAligned(0) && cut.isAligned(1) ? self : nil }
}

extension Tensor {
    /// a + b; shapes are aligned at their last axes, and extents of 1 are repeated. So for the other three.
    public static func + (a: Tensor, b: Tensor) -> Tensor { apply(Arithmetic(kind: .add), [a, b]) }
    /// a - b
    public static func - (a: Tensor, b: Tensor) -> Tensor { apply(Arithmetic(kind: .subtract), [a, b]) }
    /// a b
    public static func * (a: Tensor, b: Tensor) -> Tensor { apply(Arithmetic(kind: .multiply), [a, b]) }
    /// a / b
    public static func / (a: Tensor, b: Tensor) -> Tensor { apply(Arithmetic(kind: .divide), [a, b]) }
}
