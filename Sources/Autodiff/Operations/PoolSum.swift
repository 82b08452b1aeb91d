import Kernels

/// The sum over each window of images [..., H, W, C], what average pools are made of. No product: its factors are ones.
struct PoolSum: Operation {
    let grid: WindowGrid
    let name = "pool sum"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape, lead = shape.prefix(shape.rank - 3), channels = shape[-1]
        precondition(
            shape[-3] == grid.rows.extent && shape[-2] == grid.columns.extent && grid.rows.isCovered
                && grid.columns.isCovered, "\(name): \(grid) on \(shape)")
        let ones = [Scalar](repeating: 1, count: grid.taps * channels)
        return Tensor(lead + [grid.rows.windows, grid.columns.windows, channels], in: x[0].pool) {
            depthwiseConvolution(grid, images: lead.count, channels: channels, x[0].pointer, ones, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(PoolSpread(grid: grid), [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) ? self : nil }
}

/// The transpose of `PoolSum`: each number added to all pixels of its window.
struct PoolSpread: Operation {
    let grid: WindowGrid
    let name = "pool spread"
    let keeps: Kept = .nothing

    func forward(_ x: [Tensor]) -> Tensor {
        let shape = x[0].shape, lead = shape.prefix(shape.rank - 3), channels = shape[-1]
        precondition(
            shape[-3] == grid.rows.windows && shape[-2] == grid.columns.windows, "\(name): \(grid) of \(shape)")
        let ones = [Scalar](repeating: 1, count: grid.taps * channels)
        return Tensor(lead + [grid.rows.extent, grid.columns.extent, channels], in: x[0].pool) {
            depthwiseInputGradient(grid, images: lead.count, channels: channels, x[0].pointer, ones, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] { [apply(PoolSum(grid: grid), [p.cotangent])] }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) ? self : nil }
}

extension Tensor {
    /// The sum over each window of images [..., H, W, C]; every window has to have a pixel of the image.
    public func summed(over grid: WindowGrid) -> Tensor { apply(PoolSum(grid: grid), [self]) }
}
