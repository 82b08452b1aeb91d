import Kernels

/// A function of every number that is linear in pieces. Its second derivative is zero.
struct Piecewise: Operation {
    let line: PiecewiseLine
    let name = "piecewise line"
    let keeps: Kept = .input0

    func forward(_ x: [Tensor]) -> Tensor {
        Tensor(x[0].shape, in: x[0].pool) { line.apply(x[0].shape.count, x[0].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(PiecewiseGradient(line: line), [p.cotangent, p.input(0)])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { self }
}

/// dy times the slope of the line at x. Axes of dy before x's ride along.
struct PiecewiseGradient: Operation {
    let line: PiecewiseLine
    let name = "piecewise line gradient"
    let keeps: Kept = .input1

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, x) = (x[0], x[1]), lead = dy.shape.rank - x.shape.rank
        precondition(lead >= 0 && dy.shape.dropFirst(lead) == x.shape, "\(name): \(dy.shape) and \(x.shape)")
        return Tensor(dy.shape, in: dy.pool) {
            line.gradient(rows: dy.shape.prefix(lead).count, x.shape.count, dy.pointer, x.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(self, [p.cotangent, p.input(1)]), nil] }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.follows(0) && cut.follows(1) == (cut.inputs[1].rank == cut.output.rank) ? self : nil
    }
}

extension Tensor {
    /// `line` of every number.
    public func bent(by line: PiecewiseLine) -> Tensor { apply(Piecewise(line: line), [self]) }
}
