/// Tensors one behind the other along an axis counted from the end; all other extents are the same.
struct Concatenation: Operation {
    let axis: Int
    let name = "concatenation"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let first = x[0].shape, position = first.rank + axis
        precondition(
            position >= 0
                && x.allSatisfy { part in
                    part.shape.rank == first.rank && part.shape.prefix(position) == first.prefix(position)
                        && part.shape.dropFirst(position + 1) == first.dropFirst(position + 1)
                }, "concatenation: \(x.map(\.shape)), axis \(axis)")
        var extents = first.extents
        extents[position] = x.reduce(0) { $0 + $1.shape[position] }
        let runs = x.map { $0.shape.dropFirst(position).count }
        return Tensor(Shape(extents), in: x[0].pool) { out in
            var to = out
            for outer in 0..<first.prefix(position).count {
                for (part, run) in zip(x, runs) {
                    to.update(from: part.pointer + outer * run, count: run)
                    to += run
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        var start = 0
        return zip(p.inputShapes, p.wanted).map { shape, isWanted in
            defer { start += shape[axis] }
            return isWanted ? p.cotangent.sliced(start..<(start + shape[axis]), axis: axis) : nil
        }
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        cut.inputs.indices.allSatisfy { cut.follows($0) } && cut.sparesRows([axis], of: 0) ? self : nil
    }
}

extension Tensor {
    /// This tensor and behind it others, along an axis counted from the end.
    public func concatenated(with others: Tensor..., axis: Int) -> Tensor {
        Tensor.concatenation([self] + others, axis: axis)
    }

    /// One or more tensors one behind the other, along an axis counted from the end.
    public static func concatenation(_ parts: [Tensor], axis: Int) -> Tensor {
        apply(Concatenation(axis: axis), parts)
    }
}
