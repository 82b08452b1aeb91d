import Kernels

/// exp(scale x) / sum along the last axis, in one pass.
struct Softmax: Operation {
    let scale: Scalar
    let name = "softmax"
    let keeps: Kept = .output

    func forward(_ x: [Tensor]) -> Tensor {
        let columns = x[0].shape[-1]
        return Tensor(x[0].shape, in: x[0].pool) {
            softmax(rows: x[0].shape.count / max(1, columns), columns: columns, scale: scale, x[0].pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(SoftmaxGradient(scale: scale), [p.cotangent, p.output])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 1) ? self : nil }
}

/// scale y (dy - sum of y dy), from dy and the softmax y. Axes of dy before y's ride along.
struct SoftmaxGradient: Operation {
    let scale: Scalar
    let name = "softmax gradient"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, y) = (x[0], x[1])
        return Tensor(dy.shape, in: dy.pool) {
            let rows = RepeatedRows(name, dy.shape, over: y.shape)
            softmaxGradient(
                repeats: rows.repeats, rows: rows.rows, columns: rows.columns, scale: scale, dy.pointer,
                y: y.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let (dy, y, h) = (p.input(0), p.input(1), p.cotangent)
        return [
            p.wanted[0] ? apply(SoftmaxGradient(scale: scale), [h, y]) : nil,
            p.wanted[1]
                ? p.summedOverRows(name, h, dy, y) { rows, out in
                    softmaxSecondGradient(
                        repeats: rows.repeats, rows: rows.rows, columns: rows.columns, scale: scale, h.pointer,
                        dy: dy.pointer, y: y.pointer, out)
                } ?? (h * (dy - (dy * y).sum(-1)) - dy * (h * y).sum(-1)) * scale : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsRows ? self : nil }
}

extension Tensor {
    /// exp(scale x) / sum along the last axis; `scale` is positive.
    public func softmax(scale: Scalar = 1) -> Tensor { apply(Softmax(scale: scale), [self]) }
}
