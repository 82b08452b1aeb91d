/// Exchanges two axes, counted from the end.
struct Transpose: Operation {
    let first: Int
    let second: Int
    let name = "transpose"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape, rank = shape.rank
        precondition(first < second && second < 0 && -first <= rank, "transpose: \(first), \(second) of \(shape)")
        let (p, q) = (rank + first, rank + second)
        var extents = shape.extents
        extents.swapAt(p, q)
        // As [outer, a, middle, b, inner] the exchange is four plain loops.
        let outer = shape.prefix(p).count, a = shape[p], b = shape[q]
        let middle = Shape(Array(shape.extents[(p + 1)..<q])).count, inner = shape.dropFirst(q + 1).count
        return Tensor(Shape(extents), in: x[0].pool) { out in
            var to = out
            for o in 0..<outer {
                for j in 0..<b {
                    for m in 0..<middle {
                        for i in 0..<a {
                            to.update(from: x[0].pointer + (((o * a + i) * middle + m) * b + j) * inner, count: inner)
                            to += inner
                        }
                    }
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(self, [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.sparesRows([first, second], of: 0) ? self : nil }
}

extension Tensor {
    /// Two axes, counted from the end, exchanged; the numbers are copied.
    public func transposed(_ first: Int, _ second: Int) -> Tensor {
        apply(Transpose(first: min(first, second), second: max(first, second)), [self])
    }
}
