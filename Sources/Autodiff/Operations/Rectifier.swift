import Kernels

/// max(x, 0). Its derivative is the step function, with 0 at 0 as in PyTorch, and its second derivative is zero.
struct Rectifier: Operation {
    let name = "relu"
    let keeps: Kept = .output

    func forward(_ x: [Tensor]) -> Tensor {
        Tensor(x[0].shape, in: x[0].pool) { rectify(x[0].shape.count, x[0].pointer, $0) }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        // The mask is a constant: it is positive exactly where the output is.
        let y = p.output
        return [p.cotangent * Tensor(y.shape, in: y.pool) { positiveMask(y.shape.count, y.pointer, $0) }]
    }
}

extension Tensor {
    public func rectified() -> Tensor { apply(Rectifier(), [self]) }
}
