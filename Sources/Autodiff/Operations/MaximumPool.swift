import Kernels

/// Where the largest number of every window stood: a constant of the operation that found it.
final class Winners: Sendable {
    let offsets: [Int32]
    init(_ offsets: [Int32]) { self.offsets = offsets }

    /// Those of some rows, for images that each read `places` offsets; nil where rows share offsets in part.
    func onRows(_ cut: RowCut, places: Int) -> Winners? {
        guard cut.follows(0, before: 3) else { return nil }
        let images = cut.output.prefix(cut.output.rank - 3).count, period = offsets.count / places
        if (images / cut.batch).isMultiple(of: period) { return self }
        guard period == images else { return nil }
        let row = offsets.count / cut.batch
        return Winners(Array(offsets[(cut.rows.lowerBound * row)..<(cut.rows.upperBound * row)]))
    }
}

/// Moves numbers of an image [..., H, W, C] to the places of a smaller one along fixed offsets. Transpose of `Scatter`.
struct Gather: Operation {
    let winners: Winners
    let to: Shape
    let name = "gather"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let from = x[0].shape.suffix(3), rows = x[0].shape.count / from.count
        return Tensor(x[0].shape.prefix(x[0].shape.rank - 3) + to, in: x[0].pool) {
            gather(
                rows: rows, period: winners.offsets.count / to.count, from: from.count, to: to.count, x[0].pointer,
                offsets: winners.offsets, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(Scatter(winners: winners, to: p.inputShapes[0].suffix(3)), [p.cotangent])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        winners.onRows(cut, places: to.count).map { Gather(winners: $0, to: to) }
    }
}

/// The transpose of `Gather`: adds numbers into a larger image at fixed offsets.
struct Scatter: Operation {
    let winners: Winners
    let to: Shape
    let name = "scatter"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let from = x[0].shape.suffix(3), rows = x[0].shape.count / from.count
        return Tensor(x[0].shape.prefix(x[0].shape.rank - 3) + to, in: x[0].pool) {
            scatterAdd(
                rows: rows, period: winners.offsets.count / from.count, from: from.count, to: to.count, x[0].pointer,
                offsets: winners.offsets, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [apply(Gather(winners: winners, to: p.inputShapes[0].suffix(3)), [p.cotangent])]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? {
        winners.onRows(cut, places: cut.inputs[0].suffix(3).count).map { Scatter(winners: $0, to: to) }
    }
}

extension Tensor {
    /// The largest number of each window of images [..., H, W, C]; the first one where several are equal.
    public func maximumPooled(window: Int, stride: Int) -> Tensor {
        let height = shape[-3], width = shape[-2]
        precondition(height >= window && width >= window, "maximum pool: window \(window) on \(shape)")
        return maximumPooled(
            WindowGrid(
                rows: .init(extent: height, window: window, stride: stride),
                columns: .init(extent: width, window: window, stride: stride)))
    }

    /// The same with padding, which is never the largest: every window has to have a pixel of the image.
    public func maximumPooled(_ grid: WindowGrid) -> Tensor {
        let channels = shape[-1], to: Shape = [grid.rows.windows, grid.columns.windows, channels]
        precondition(
            shape[-3] == grid.rows.extent && shape[-2] == grid.columns.extent && grid.rows.isCovered
                && grid.columns.isCovered,
            "maximum pool: \(grid) on \(shape)")
        let images = shape.prefix(shape.rank - 3).count
        var winners = [Int32](repeating: 0, count: images * to.count)
        let values = Storage(count: images * to.count, in: pool)
        withExtendedLifetime(values) {
            maximumPool(grid, images: images, channels: channels, pointer, values.pointer, winners: &winners)
        }
        return apply(Gather(winners: Winners(winners), to: to), [self])
    }
}
