/// The weight gradient by the transposed transforms: G'[sum over tiles of (B'd B) . (A dy A')]G.
struct WinogradWeightGradient<Scheme: WinogradScheme> {
    private let g: ConvolutionGeometry
    private let block: WinogradBlock<Scheme.Forward>
    private let filters: WinogradFilters<Scheme>

    init(_ g: ConvolutionGeometry) {
        self.g = g
        block = WinogradBlock(images: g.images, from: g.input, to: g.output, size: Scheme.blockSize(g, .weightGradient))
        filters = WinogradFilters(inChannels: g.inChannels, outChannels: g.outChannels)
    }

    /// With all tiles in one block, a panel of the gradient, or two, is complete before the next begins, and its planes
    /// are transformed back while they are in cache. They are then 16 numbers more than a power of two apart.
    private var isSingleBlock: Bool { block.tiles <= block.size }
    private var panelPlaneStride: Int { (hasWideRegisters ? 2 : 1) * 16 * 16 + 16 }

    private var sumCount: Int { isSingleBlock ? Scheme.filterPlanes * panelPlaneStride : filters.count }
    var scratchCount: Int {
        block.scratchCount + Panel.aligned(WinogradFilters<Scheme>.gatherCount) + Panel.aligned(sumCount)
    }

    /// With room for the tiles of an output.
    var jointScratchCount: Int { scratchCount + block.outputPlanesCount }

    /// - Parameter products: to be made of the same patches, or none. They need `jointScratchCount`.
    func run(
        _ x: Source, _ dy: Source, _ dw: Destination,
        with products: WinogradProducts<Scheme, Scheme.Forward>? = nil, scratch: Destination
    ) {
        if block.tiles == 0 { return dw.update(repeating: 0, count: g.filterCount) }
        let parts = block.divide(scratch)
        let workspace = parts.rest, sums = workspace + Panel.aligned(WinogradFilters<Scheme>.gatherCount)
        let outputs = sums + Panel.aligned(sumCount)
        var fetches = products?.fetches(block) ?? TileFetches()
        if block.fetchesAhead {
            fetches.append(TileFetch(x, block.inputs, rowsBeyond: Scheme.Forward.rowsBeyond))
            fetches.append(TileFetch(dy, block.outputs))
        }
        let steps = Scheme.Forward.planes * (products == nil ? 1 : 2)
        block.forEachBlock { tiles, next in
            fetches.aim(at: next.upperBound, steps: steps)
            block.inputs.spread(
                Scheme.Forward.InputTransform.self, tiles, margin: Scheme.Forward.margin, x, parts.inputs,
                parts.workspace)
            products?.run(block, tiles, from: parts.inputs, by: outputs, parts.workspace, &fetches)
            block.outputs.spread(Scheme.GradientTransform.self, tiles, margin: 0, dy, parts.outputs, parts.workspace)
            if isSingleBlock {
                gatherPanels(
                    tiles.count, inputs: parts.inputs, outputs: parts.outputs, sums: sums, dw, workspace: workspace)
            } else {
                forEachPlane { plane, filterPlane, isFirst in
                    addProducts(
                        tiles.count, parts.outputs + plane * block.outputs.planeStride,
                        parts.inputs + plane * block.inputs.planeStride, sums + filterPlane * filters.planeStride,
                        adding: tiles.lowerBound > 0 || !isFirst)
                    fetches.next()?.askForAll()
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

    /// The planes, the filter's plane that each adds to, and whether it is the first to do so.
    @inline(__always)
    private func forEachPlane(_ body: (_ plane: Int, _ filterPlane: Int, _ isFirst: Bool) -> Void) {
        let lines = Scheme.Forward.lines
        for i in 0..<lines {
            for j in 0..<lines {
                let row = Scheme.filterLine(i), column = Scheme.filterLine(j)
                body(i &* lines &+ j, row &* Scheme.filterLines &+ column, row == i && column == j)
            }
        }
    }

    @inline(never)
    private func gatherPanels(
        _ tiles: Int, inputs: Source, outputs: Source, sums: Destination, _ dw: Destination,
        workspace: Destination
    ) {
        let panelStride = block.size &* 16
        let strides = TransposedPanelProduct.Strides(b: panelStride, c: 256)
        Panel.forEachGroup(Panel.count(g.inChannels)) { column, columns in
            for row in 0..<Panel.count(g.outChannels) {
                forEachPlane { plane, filterPlane, isFirst in
                    TransposedPanelProduct.accumulate(
                        tiles, outputs + (plane &* block.outputs.planeStride &+ row &* panelStride),
                        inputs + (plane &* block.inputs.planeStride &+ column &* panelStride),
                        sums + filterPlane &* panelPlaneStride, panels: columns, strides, adding: !isFirst)
                }
                for panel in 0..<columns {
                    filters.gatherGradient(
                        sums + panel &* strides.c, stride: panelPlaneStride,
                        (row * 16)..<min(g.outChannels, row * 16 + 16), column &+ panel, dw, workspace)
                }
            }
        }
    }

    /// c[Ci/16][Co][16] (+)= a[Co/16][tiles][16] transposed, times b[Ci/16][tiles][16].
    @inline(never)
    private func addProducts(_ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, adding: Bool) {
        let panelStride = block.size &* 16
        let rows = Panel.count(g.outChannels)
        let strides = TransposedPanelProduct.Strides(b: panelStride, c: rows &* 256)
        Panel.forEachGroup(Panel.count(g.inChannels)) { column, columns in
            for row in 0..<rows {
                TransposedPanelProduct.accumulate(
                    tiles, a + row &* panelStride, b + column &* panelStride, c + (column &* rows &+ row) &* 256,
                    panels: columns, strides, adding: adding)
            }
        }
    }
}
