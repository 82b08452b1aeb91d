import Kernels

/// x - log(sum exp x) along the last axis.
struct LogSoftmax: Operation {
    let name = "log-softmax"
    let keeps: Kept = .output

    func forward(_ x: [Tensor]) -> Tensor {
        let columns = x[0].shape[-1]
        return Tensor(x[0].shape, in: x[0].pool) {
            logSoftmax(rows: x[0].shape.count / max(1, columns), columns: columns, x[0].pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [p.cotangent - p.output.exponential() * p.cotangent.sum(-1)]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 1) ? self : nil }
}

extension Tensor {
    /// x - log(sum exp x) along the last axis.
    public func logSoftmax() -> Tensor { apply(LogSoftmax(), [self]) }
}
