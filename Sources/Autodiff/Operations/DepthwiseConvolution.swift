import Kernels

/// y[..., Ho, Wo, C] of x[..., H, W, C] and w[kh, kw, C], every channel by itself. With its two transposes it forms a
/// family closed under differentiation, like `Convolution`.
struct DepthwiseConvolution: FactorOperation, ProductOperation {
    let grid: WindowGrid
    let name = "depthwise convolution", hasFilters = true
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (input, filters) = (x[0], x[1]),
            sizes = DepthwiseSizes(name, grid, input: input.shape, filters: filters.shape)
        return Tensor(sizes.output, in: input.pool) {
            depthwiseConvolution(
                grid, images: sizes.images, channels: sizes.channels, input.pointer, filters.pointer, $0)
        }
    }
    func multiplications(_ inputs: [Shape]) -> Int {
        inputs[0].prefix(inputs[0].rank - 3).count * grid.rows.windows * grid.columns.windows * inputs[1].count
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(DepthwiseInputGradient(grid: grid), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(DepthwiseWeightGradient(grid: grid), [$0, p.input(0)]) } : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) && !cut.follows(1) ? self : nil }
}

/// dx[..., H, W, C] from dy[..., Ho, Wo, C] and the filters.
struct DepthwiseInputGradient: FactorOperation {
    let grid: WindowGrid
    let name = "depthwise convolution input gradient", hasFilters = true
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, filters) = (x[0], x[1]), lead = dy.shape.prefix(dy.shape.rank - 3)
        let shape = lead + [grid.rows.extent, grid.columns.extent, filters.shape[-1]]
        let sizes = DepthwiseSizes(name, grid, input: shape, filters: filters.shape)
        precondition(dy.shape == sizes.output, "\(name): cotangent \(dy.shape), expected \(sizes.output)")
        return Tensor(shape, in: dy.pool) {
            depthwiseInputGradient(
                grid, images: sizes.images, channels: sizes.channels, dy.pointer, filters.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0] ? apply(DepthwiseConvolution(grid: grid), [p.cotangent, p.input(1)]) : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(DepthwiseWeightGradient(grid: grid), [p.input(0), $0]) } : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { cut.follows(0, before: 3) && !cut.follows(1) ? self : nil }
}

/// dw[kh, kw, C] from dy and x, summed over all images.
struct DepthwiseWeightGradient: FactorOperation {
    let grid: WindowGrid
    let name = "depthwise convolution weight gradient", hasFilters = false
    let keeps: Kept = .factors

    func forward(_ x: [Tensor]) -> Tensor {
        let (dy, input) = (x[0], x[1]), filters: Shape = [grid.rows.window, grid.columns.window, input.shape[-1]]
        let sizes = DepthwiseSizes(name, grid, input: input.shape, filters: filters)
        precondition(dy.shape == sizes.output, "\(name): cotangent \(dy.shape), expected \(sizes.output)")
        return Tensor(filters, in: dy.pool) {
            depthwiseWeightGradient(grid, images: sizes.images, channels: sizes.channels, dy.pointer, input.pointer, $0)
        }
    }
    func pullback(_ p: Pullback) -> [Tensor?] {
        [
            p.wanted[0]
                ? p.perLeadingIndex { apply(DepthwiseConvolution(grid: grid), [p.input(1), $0]) } : nil,
            p.wanted[1]
                ? p.perLeadingIndex { apply(DepthwiseInputGradient(grid: grid), [p.input(0), $0]) } : nil,
        ]
    }
    func onRows(_ cut: RowCut) -> (any Operation)? { nil }
}

private struct DepthwiseSizes {
    let images, channels: Int
    let output: Shape

    init(_ name: String, _ grid: WindowGrid, input: Shape, filters: Shape) {
        let channels = input[-1]
        precondition(
            input.rank >= 3 && input[-3] == grid.rows.extent && input[-2] == grid.columns.extent
                && filters == [grid.rows.window, grid.columns.window, channels] && grid.rows.windows > 0
                && grid.columns.windows > 0,
            "\(name): input \(input), filters \(filters), \(grid)")
        let lead = input.prefix(input.rank - 3)
        self.channels = channels
        images = lead.count
        output = lead + [grid.rows.windows, grid.columns.windows, channels]
    }
}

extension Tensor {
    /// Convolves every channel of images [..., H, W, C] with its own filter, of w[kh, kw, C].
    public func convolvedByChannel(with filters: Tensor, _ grid: WindowGrid) -> Tensor {
        apply(DepthwiseConvolution(grid: grid), [self, filters])
    }
}
