import Kernels

/// (x - mean) / sqrt(variance + epsilon) along the last axis, in one pass.
struct RowNormalisation: Operation {
    let epsilon: Scalar
    let name = "row normalisation"
    let keeps: Kept = .input0

    func forward(_ x: [Tensor]) -> Tensor {
        let columns = x[0].shape[-1]
        return Tensor(x[0].shape, in: x[0].pool) {
            normaliseRows(
                rows: x[0].shape.count / max(1, columns), columns: columns, epsilon: epsilon, x[0].pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(RowNormalisationGradient(epsilon: epsilon), [p.cotangent, p.input(0)])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 1) ? self : nil }
}

/// The derivative of `RowNormalisation` at x, applied to dy. Axes of dy before x's ride along.
struct RowNormalisationGradient: Operation {
    let epsilon: Scalar
    let name = "row normalisation gradient"
    let keeps: Kept = .inputs

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, x) = (x[0], x[1])
        return Tensor(dy.shape, in: dy.pool) {
            let rows = RepeatedRows(name, dy.shape, over: x.shape)
            rowNormalisationGradient(
                repeats: rows.repeats, rows: rows.rows, columns: rows.columns, epsilon: epsilon, dy.pointer,
                x: x.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let (dy, x, h) = (p.input(0), p.input(1), p.cotangent)
        return [
            p.wanted[0] ? apply(RowNormalisationGradient(epsilon: epsilon), [h, x]) : nil,
            p.wanted[1]
                ? p.summedOverRows(name, h, dy, x) { rows, out in
                    rowNormalisationSecondGradient(
                        repeats: rows.repeats, rows: rows.rows, columns: rows.columns, epsilon: epsilon, h.pointer,
                        dy: dy.pointer, x: x.pointer, out)
                } ?? byInput(dy, x, h) : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.followsAsRows ? self : nil }

    /// The derivative by x, put together of operations: with the normalised rows n and their factors f,
    /// -f (n mean(h J dy) + J dy mean(n h) + J h mean(n dy)), where J is this operation.
    private func byInput(_ dy: Tensor, _ x: Tensor, _ h: Tensor) -> Tensor {
        let normalised = apply(RowNormalisation(epsilon: epsilon), [x])
        let factor = x.variance(around: x.mean(-1), axes: [-1]).reciprocalSquareRoot(epsilon: epsilon)
        let ofDy = apply(self, [dy, x]), ofH = apply(self, [h, x])
        let sum = normalised * (h * ofDy).mean(-1) + ofDy * (h * normalised).mean(-1) + ofH * (dy * normalised).mean(-1)
        return -(sum * factor)
    }
}

extension Tensor {
    /// (x - mean) / sqrt(variance + epsilon) along the last axis.
    public func normalisedRows(epsilon: Scalar) -> Tensor { apply(RowNormalisation(epsilon: epsilon), [self]) }
}
