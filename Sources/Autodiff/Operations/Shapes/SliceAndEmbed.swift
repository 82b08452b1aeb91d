/// Rows `range` of the first axis after `lead` leading ones. Transpose of `Embed`.
struct Slice: Operation {
    let axis: Int
    let range: Range<Int>
    let name = "slice"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        let position = shape.rank + axis
        precondition(
            position >= 0 && range.upperBound <= shape[position], "slice: \(range) of axis \(axis) of \(shape)")
        let outer = shape.prefix(position).count
        let inner = shape.dropFirst(position + 1).count
        var extents = shape.extents
        extents[position] = range.count
        let run = range.count * inner
        return Tensor(Shape(extents), in: x[0].pool) { out in
            for o in 0..<outer {
                let from = x[0].pointer + (o * shape[position] + range.lowerBound) * inner
                (out + o * run).update(from: from, count: run)
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(Embed(axis: axis, start: range.lowerBound, extent: p.inputShapes[0][axis]), [p.cotangent])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.sparesRows([axis], of: 0) ? self : nil }
}

/// Zeros of extent `extent` along an axis with the input placed at `start`.
struct Embed: Operation {
    let axis: Int
    let start: Int
    let extent: Int
    let name = "embed"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape
        let position = shape.rank + axis
        precondition(position >= 0 && start + shape[position] <= extent, "embed: \(shape) at \(start) of \(extent)")
        let outer = shape.prefix(position).count
        let inner = shape.dropFirst(position + 1).count
        var extents = shape.extents
        extents[position] = extent
        let run = shape[position] * inner
        return Tensor(Shape(extents), in: x[0].pool) { out in
            out.update(repeating: 0, count: outer * extent * inner)
            for o in 0..<outer {
                (out + (o * extent + start) * inner).update(from: x[0].pointer + o * run, count: run)
            }
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(Slice(axis: axis, range: start..<(start + p.inputShapes[0][axis])), [p.cotangent])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.sparesRows([axis], of: 0) ? self : nil }
}

extension Tensor {
    /// Entries `range` along an axis counted from the end.
    public func sliced(_ range: Range<Int>, axis: Int) -> Tensor { apply(Slice(axis: axis, range: range), [self]) }
    /// Zeros with this tensor placed at `start` along an axis counted from the end.
    public func embedded(at start: Int, of extent: Int, axis: Int) -> Tensor {
        apply(Embed(axis: axis, start: start, extent: extent), [self])
    }
}
