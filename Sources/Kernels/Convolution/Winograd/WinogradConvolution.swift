/// Convolution with 3x3 filters and padding 1 by Winograd's method: images of any height and width, any channels
/// (padded to multiples of 16 in scratch).
///
/// Tiles go through in blocks that stay in cache. Each tile has its own rows in every product, so that an image's bits
/// do not depend on the batch around it.
///
/// An extension, and no generic type: through the table of methods such a type would run unspecialised, at half the
/// rate.
extension WinogradScheme {
    static func supports(_ g: ConvolutionGeometry) -> Bool {
        g.kernelHeight == 3 && g.kernelWidth == 3 && g.stride == stride && g.padding == 1
    }

    private static func forwardBlock(_ g: ConvolutionGeometry) -> WinogradBlock<Forward> {
        WinogradBlock(images: g.images, from: g.input, to: g.output, size: blockSize(g, .forward))
    }

    private static func gradientBlock(_ g: ConvolutionGeometry) -> WinogradBlock<InputGradient> {
        WinogradBlock(images: g.images, from: g.output, to: g.input, size: blockSize(g, .inputGradient))
    }

    private static func filters(_ g: ConvolutionGeometry) -> WinogradFilters<Self> {
        WinogradFilters(inChannels: g.inChannels, outChannels: g.outChannels)
    }

    static func scratchCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        switch operation {
        case .forward: forwardBlock(g).scratchCount
        case .inputGradient: gradientBlock(g).scratchCount
        case .weightGradient: WinogradWeightGradient<Self>(g).scratchCount
        }
    }

    static func preparedFilterCount(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        filters(g).count
    }

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
        _ g: ConvolutionGeometry, _ x: Source, _ preparedFilters: Source, _ y: Destination,
        _ epilogue: ConvolutionEpilogue, scratch: Destination
    ) {
        run(forwardBlock(g), x, products(g, preparedFilters, y, epilogue), scratch)
    }

    /// The same from dy to dx with the filters turned and transposed, which `prepareFilters` has done.
    static func inputGradient(
        _ g: ConvolutionGeometry, _ dy: Source, _ preparedFilters: Source, _ dx: Destination,
        _ epilogue: ConvolutionEpilogue, scratch: Destination
    ) {
        run(gradientBlock(g), dy, products(g, preparedFilters, dx, epilogue), scratch)
    }

    private static func products<Pass: WinogradPass>(
        _ g: ConvolutionGeometry, _ preparedFilters: Source, _ output: Destination, _ epilogue: ConvolutionEpilogue
    ) -> WinogradProducts<Self, Pass> {
        WinogradProducts(
            filters: preparedFilters, filterStride: filters(g).planeStride, output: output, epilogue: epilogue)
    }

    private static func run<Pass: WinogradPass>(
        _ block: WinogradBlock<Pass>, _ input: Source, _ products: WinogradProducts<Self, Pass>,
        _ scratch: Destination
    ) {
        let parts = block.divide(scratch)
        var fetches = products.fetches(block)
        if block.fetchesAhead { fetches.append(TileFetch(input, block.inputs, rowsBeyond: Pass.rowsBeyond)) }
        block.forEachBlock { tiles, next in
            fetches.aim(at: next.upperBound, steps: Pass.planes)
            block.inputs.spread(
                Pass.InputTransform.self, tiles, margin: Pass.margin, input, parts.inputs, parts.workspace)
            products.run(block, tiles, from: parts.inputs, by: parts.outputs, parts.workspace, &fetches)
        }
    }

    /// dw[Co,3,3,Ci] = sum over images and pixels of dy times the patch of x.
    static func weightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination
    ) {
        WinogradWeightGradient<Self>(g).run(x, dy, dw, scratch: scratch)
    }

    static func jointScratchCount(_ g: ConvolutionGeometry) -> Int {
        WinogradWeightGradient<Self>(g).jointScratchCount
    }

    /// `forward` of x and `weightGradient` of x and dy, which read the same patches.
    static func forwardAndWeightGradient(
        _ g: ConvolutionGeometry, _ x: Source, _ preparedFilters: Source, _ y: Destination,
        _ epilogue: ConvolutionEpilogue, dy: Source, dw: Destination, scratch: Destination
    ) {
        WinogradWeightGradient<Self>(g).run(
            x, dy, dw, with: products(g, preparedFilters, y, epilogue), scratch: scratch)
    }
}
