/// Convolution with 3x3 filters, stride 1 and padding 1 by Winograd's method: images of any height and width, any
/// channels (padded to multiples of 16 in scratch).
///
/// Tiles go through in blocks that stay in cache. Each tile has its own rows in every product, so that an image's bits
/// do not depend on the batch around it.
enum WinogradConvolution<Scheme: WinogradScheme> {
    private static func block(_ g: ConvolutionGeometry) -> WinogradBlock<Scheme> {
        WinogradBlock(g, size: blockSize(max(g.inChannels, g.outChannels)))
    }

    /// Tiles of a block, as measured: as few as keep the block in the L2 cache, but enough to pay for reading the
    /// filters once a block. Never a power of two.
    private static func blockSize(_ channels: Int) -> Int {
        switch channels {
        case ...64: 18
        case ...128: 30
        case ...256: 66
        default: 162
        }
    }

    private static func filters(_ g: ConvolutionGeometry) -> WinogradFilters<Scheme> {
        WinogradFilters(inChannels: g.inChannels, outChannels: g.outChannels)
    }

    private static func swapped(_ g: ConvolutionGeometry) -> ConvolutionGeometry {
        ConvolutionGeometry(
            images: g.images, height: g.height, width: g.width, inChannels: g.outChannels, outChannels: g.inChannels,
            kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1)
    }

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        switch operation {
        case .forward: block(g).scratchCount
        case .inputGradient: block(swapped(g)).scratchCount
        case .weightGradient: WinogradWeightGradient<Scheme>(g).scratchCount
        }
    }

    static func preparedFilterCount(_ g: ConvolutionGeometry) -> Int { filters(g).count }

    static func prepareFilters(
        _ g: ConvolutionGeometry, _ operation: ConvolutionOperation, _ source: Source, into planes: Destination
    ) {
        if operation == .forward {
            filters(g).prepareForward(source, planes)
        } else {
            filters(g).prepareInputGradient(source, planes)
        }
    }

    static func forward(
        _ g: ConvolutionGeometry, _ x: Source, _ preparedFilters: Source, _ y: Destination, scratch: Destination
    ) {
        let block = block(g), filterStride = filters(g).planeStride, parts = block.divide(scratch)
        block.forEachBlock { tiles in
            block.inputs.spread(Scheme.InputTransform.self, tiles, margin: 1, x, parts.inputs, parts.workspace)
            for plane in 0..<Scheme.planes {
                PanelProduct.multiply(
                    rows: tiles.count, panelRows: block.size, depth: Panel.padded(g.inChannels),
                    columns: Panel.padded(g.outChannels), parts.inputs + plane * block.inputs.planeStride,
                    preparedFilters + plane * filterStride, parts.outputs + plane * block.outputs.planeStride)
            }
            block.outputs.gather(Scheme.OutputTransform.self, tiles, parts.outputs, y, parts.workspace)
        }
    }

    /// The forward pass of dy with the filters turned and transposed, which `prepareFilters` has done.
    static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ preparedFilters: Source, _ dx: Destination, scratch: Destination
    ) {
        forward(swapped(g), dy, preparedFilters, dx, scratch: scratch)
    }

    /// dw[Co,3,3,Ci] = sum over images and pixels of dy times the patch of x.
    static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        WinogradWeightGradient<Scheme>(g).run(x, dy, dw, scratch: scratch)
    }
}
