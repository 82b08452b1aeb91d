/// What makes output tiles of transformed patches: the products with the filters, and the way back to the image.
struct WinogradProducts<Scheme: WinogradScheme, Pass: WinogradPass> {
    let filters: Source
    let filterStride: Int
    let output: Destination
    let epilogue: ConvolutionEpilogue

    /// Numbers of a result of which, as measured, the next operation finds some in the cache: 16 MB of Float.
    private static var cached: Int { 1 << 22 }

    /// Whether output goes to memory past the cache: more of it than stays there would be read before it is written.
    /// Registers must hold whole lines.
    private func goesAroundCache(_ block: WinogradBlock<Pass>) -> Bool {
        hasWideRegisters && block.outputCount > Self.cached && block.outputs.channels % Panel.width == 0
            && UInt(bitPattern: output) % UInt(MemoryLayout<RegisterLanes>.alignment) == 0
    }

    /// Of what the way back touches.
    func fetches(_ block: WinogradBlock<Pass>) -> TileFetches {
        var fetches = TileFetches()
        guard block.fetchesAhead else { return fetches }
        if !goesAroundCache(block) { fetches.append(TileFetch(output, block.outputs, isWritten: true)) }
        if let addend = epilogue.addend { fetches.append(TileFetch(addend, block.outputs)) }
        if let gate = epilogue.gate {
            fetches.append(TileFetch(gate, block.outputs, images: epilogue.gateImages))
        }
        return fetches
    }

    /// Of one block of tiles; `fetches` go a step further with each plane.
    func run(
        _ block: WinogradBlock<Pass>, _ tiles: Range<Int>, from inputs: Source, by outputs: Destination,
        _ workspace: Destination, _ fetches: inout TileFetches
    ) {
        for plane in 0..<Pass.planes {
            PanelProduct.multiply(
                rows: tiles.count, panelRows: block.size, depth: Panel.padded(block.inputs.channels),
                columns: Panel.padded(block.outputs.channels), inputs + plane * block.inputs.planeStride,
                filters + Scheme.filterPlane(plane) * filterStride, outputs + plane * block.outputs.planeStride,
                asking: fetches.next())
        }
        switch (epilogue.shift, epilogue.addend, epilogue.gate) {
        case (let shift?, let addend?, _):
            let sum = WithAddend(base: Shifted(base: Unfinished(), shift: shift), addend: addend)
            gather(block, tiles, outputs, Bounded(base: sum, lowest: epilogue.lowest), workspace)
        case (let shift?, nil, _):
            let shifted = Shifted(base: Unfinished(), shift: shift)
            gather(block, tiles, outputs, Bounded(base: shifted, lowest: epilogue.lowest), workspace)
        case (nil, let addend?, let gate?):
            let sum = WithAddend(base: Unfinished(), addend: addend)
            gather(block, tiles, outputs, Gated(base: sum, gate: gate, images: epilogue.gateImages), workspace)
        case (nil, let addend?, nil):
            gather(block, tiles, outputs, WithAddend(base: Unfinished(), addend: addend), workspace)
        case (nil, nil, let gate?):
            let gated = Gated(base: Unfinished(), gate: gate, images: epilogue.gateImages)
            gather(block, tiles, outputs, gated, workspace)
        case (nil, nil, nil):
            gather(block, tiles, outputs, Unfinished(), workspace)
        }
    }

    @inline(__always)
    private func gather<Finish: RegisterFinish>(
        _ block: WinogradBlock<Pass>, _ tiles: Range<Int>, _ outputs: Source, _ finish: Finish,
        _ workspace: Destination
    ) {
        block.outputs.gather(
            Pass.OutputTransform.self, tiles, outputs, output, epilogue: epilogue, finish: finish,
            aroundCache: goesAroundCache(block), workspace: workspace)
    }
}
