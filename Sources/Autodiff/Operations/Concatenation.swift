/// Two tensors one behind the other along an axis counted from the end; all other extents are the same.
struct Concatenation: Operation {
    let axis: Int
    let name = "concatenation"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let (a, b) = (x[0].shape, x[1].shape), position = a.rank + axis
        precondition(
            a.rank == b.rank && position >= 0 && a.prefix(position) == b.prefix(position)
                && a.dropFirst(position + 1) == b.dropFirst(position + 1), "concatenation: \(a) and \(b), axis \(axis)")
        var extents = a.extents
        extents[position] += b[position]
        let runs = [a, b].map { $0.dropFirst(position).count }
        return Tensor(Shape(extents), in: x[0].pool) { out in
            var to = out
            for outer in 0..<a.prefix(position).count {
                for (part, run) in zip(x, runs) {
                    to.update(from: part.pointer + outer * run, count: run)
                    to += run
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        let first = p.inputShapes[0][axis], both = p.outputShape[axis]
        return [
            p.wanted[0] ? p.cotangent.sliced(0..<first, axis: axis) : nil,
            p.wanted[1] ? p.cotangent.sliced(first..<both, axis: axis) : nil,
        ]
    }
}

extension Tensor {
    /// This tensor and behind it another, along an axis counted from the end.
    public func concatenated(with other: Tensor, axis: Int) -> Tensor {
        apply(Concatenation(axis: axis), [self, other])
    }
}
