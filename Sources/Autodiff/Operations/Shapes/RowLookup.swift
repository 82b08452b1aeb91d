import Kernels

/// Rows `indices` of a table [..., N, D]: [..., indices, D]. Transpose of `RowAccumulation`.
struct RowLookup: Operation {
    let indices: [Int]
    let name = "row lookup"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(
            shape.rank >= 2 && indices.allSatisfy { $0 >= 0 && $0 < shape[-2] }, "row lookup: \(indices) of \(shape)")
        let lead = shape.prefix(shape.rank - 2), width = shape[-1]
        return Tensor(lead + [indices.count, width], in: x[0].pool) { out in
            var to = out
            for table in 0..<lead.count {
                for index in indices {
                    to.update(from: x[0].pointer + (table * shape[-2] + index) * width, count: width)
                    to += width
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(RowAccumulation(indices: indices, rows: p.inputShapes[0][-2]), [p.cotangent])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 2) ? self : nil }
}

/// Rows added into an empty table of `rows` rows at `indices`, in their order.
struct RowAccumulation: Operation {
    let indices: [Int]
    let rows: Int
    let name = "row accumulation"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        precondition(
            shape.rank >= 2 && shape[-2] == indices.count && indices.allSatisfy { $0 >= 0 && $0 < rows },
            "row accumulation: \(shape) at \(indices) of \(rows)")
        let lead = shape.prefix(shape.rank - 2), width = shape[-1]
        return Tensor(lead + [rows, width], in: x[0].pool) { out in
            out.update(repeating: 0, count: lead.count * rows * width)
            var from = x[0].pointer
            for table in 0..<lead.count {
                for index in indices {
                    accumulate(width, from, into: out + (table * rows + index) * width)
                    from += width
                }
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(RowLookup(indices: indices), [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 2) ? self : nil }
}

extension Tensor {
    /// Rows of a table [N, D], one an index; indices may repeat.
    public func rows(at indices: [Int]) -> Tensor { apply(RowLookup(indices: indices), [self]) }
}
