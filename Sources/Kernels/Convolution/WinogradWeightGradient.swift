/// The weight gradient by the transposed transforms: G'[sum over tiles of (B'd B) . (A dy A')]G.
struct WinogradWeightGradient<Scheme: WinogradScheme> {
    private let g: ConvolutionGeometry
    private let block: WinogradBlock<Scheme>
    private let filters: WinogradFilters<Scheme>

    init(_ g: ConvolutionGeometry) {
        self.g = g
        block = WinogradBlock(g, size: Self.blockSize)
        filters = WinogradFilters(inChannels: g.inChannels, outChannels: g.outChannels)
    }

    /// Tiles of a block, as measured: few enough for the cache, and enough to pay for adding to all planes of the
    /// gradient once a block. Not a power of two.
    private static var blockSize: Int { 66 }

    /// With all tiles in one block, a panel of the gradient is complete before the next begins, and its planes are
    /// transformed back while they are in cache. They are then 16 numbers more than a power of two apart.
    private var isSingleBlock: Bool { block.tiles <= block.size }
    private var panelPlaneStride: Int { 16 * 16 + 16 }

    private var sumCount: Int { isSingleBlock ? Scheme.planes * panelPlaneStride : filters.count }
    var scratchCount: Int {
        block.scratchCount + Panel.aligned(WinogradFilters<Scheme>.gatherCount) + Panel.aligned(sumCount)
    }

    func run(_ x: Source, _ dy: Source, _ dw: Destination, scratch: Destination) {
        if block.tiles == 0 { return dw.update(repeating: 0, count: g.filterCount) }
        let parts = block.divide(scratch)
        let workspace = parts.rest, sums = workspace + Panel.aligned(WinogradFilters<Scheme>.gatherCount)
        block.forEachBlock { tiles in
            block.inputs.spread(Scheme.InputTransform.self, tiles, margin: 1, x, parts.inputs, parts.workspace)
            block.outputs.spread(Scheme.GradientTransform.self, tiles, margin: 0, dy, parts.outputs, parts.workspace)
            if isSingleBlock {
                gatherPanels(tiles.count, parts.inputs, parts.outputs, sums, dw, workspace)
            } else {
                for plane in 0..<Scheme.planes {
                    addProducts(
                        tiles.count, parts.outputs + plane * block.outputs.planeStride,
                        parts.inputs + plane * block.inputs.planeStride, sums + plane * filters.planeStride,
                        adding: tiles.lowerBound > 0)
                }
            }
        }
        if isSingleBlock { return }
        for panel in 0..<Panel.count(g.inChannels) {
            filters.gatherGradient(
                sums + panel * Panel.padded(g.outChannels) * 16, stride: filters.planeStride, 0..<g.outChannels, panel,
                dw, workspace)
        }
    }

    private func pixels(_ tiles: Int) -> TransposedPanelProduct.Pixels {
        TransposedPanelProduct.Pixels(images: 1, rows: 1, length: tiles, pixelB: 16, rowB: 0, imageB: 0)
    }

    @inline(never)
    private func gatherPanels(
        _ tiles: Int, _ inputs: Source, _ outputs: Source, _ sums: Destination, _ dw: Destination,
        _ workspace: Destination
    ) {
        let pixels = pixels(tiles), panelStride = block.size &* 16
        for column in 0..<Panel.count(g.inChannels) {
            for row in 0..<Panel.count(g.outChannels) {
                for plane in 0..<Scheme.planes {
                    TransposedPanelProduct.accumulate(
                        pixels, outputs + (plane &* block.outputs.planeStride &+ row &* panelStride),
                        inputs + (plane &* block.inputs.planeStride &+ column &* panelStride),
                        sums + plane &* panelPlaneStride, 16, adding: false)
                }
                filters.gatherGradient(
                    sums, stride: panelPlaneStride, (row * 16)..<min(g.outChannels, row * 16 + 16), column, dw,
                    workspace)
            }
        }
    }

    /// c[Ci/16][Co][16] (+)= a[Co/16][tiles][16] transposed, times b[Ci/16][tiles][16].
    @inline(never)
    private func addProducts(_ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, adding: Bool) {
        let pixels = pixels(tiles), panelStride = block.size &* 16
        let rows = Panel.count(g.outChannels)
        for column in 0..<Panel.count(g.inChannels) {
            for row in 0..<rows {
                TransposedPanelProduct.accumulate(
                    pixels, a + row &* panelStride, b + column &* panelStride, c + (column &* rows &+ row) &* 256, 16,
                    adding: adding)
            }
        }
    }
}
