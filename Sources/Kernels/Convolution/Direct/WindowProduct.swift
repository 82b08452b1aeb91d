/// Products of windows of an image with filters, without unfolding the windows: the core of direct convolution.
///
/// A window is `windowRows` runs of `windowRow` consecutive numbers, `rowStride` apart. For every position of a grid,
/// target[0..<channels] = window . filters, with filters as panels [channels/16][windowRows * windowRow][16].
/// Each sum runs through its window in one order, one fused multiply-add a step, wherever the position stands.
struct WindowProduct {
    let windowRows, windowRow, rowStride: Int
    let channels: Int
    let gridHeight, gridWidth: Int
    let sourceImage, sourceRow, sourcePixel: Int
    let targetImage, targetRow, targetPixel: Int

    /// Positions that one panel of filters is multiplied with before the next one is read.
    static var blockPositions: Int { 192 }
    /// Scratch for a register tile.
    static var workspaceCount: Int { 6 * 16 }

    /// - Parameters:
    ///   - epilogue: of a target in which pixels, rows and images follow one another. `first` is the number of its
    ///     first image.
    func multiply(
        images: Int, _ source: Source, filters: Source, _ target: Destination,
        epilogue: (ConvolutionEpilogue, first: Int)? = nil, workspace: Destination
    ) {
        let epilogue = epilogue.flatMap { $0.0.isEmpty ? nil : $0 }
        let perImage = gridHeight * gridWidth, positions = images * perImage
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * Self.blockPositions) { table in
            guard let sources = table.baseAddress else { return }
            let targets = sources + Self.blockPositions
            var start = 0
            while start < positions {
                let count = min(Self.blockPositions, positions - start)
                var image = start / perImage
                var row = start % perImage / gridWidth, pixel = start % perImage % gridWidth
                for i in 0..<count {
                    sources[i] = image &* sourceImage &+ row &* sourceRow &+ pixel &* sourcePixel
                    targets[i] = image &* targetImage &+ row &* targetRow &+ pixel &* targetPixel
                    pixel &+= 1
                    if pixel == gridWidth { pixel = 0; row &+= 1 }
                    if row == gridHeight { row = 0; image &+= 1 }
                }
                // The last tile is completed with its last position, which is then computed more than once.
                let rounded = (count + 5) / 6 * 6
                for i in count..<rounded {
                    sources[i] = sources[count - 1]
                    targets[i] = targets[count - 1]
                }
                // Counted from where the target begins, as far as this block's first image.
                let operands = epilogue.map { epilogue, first in
                    let image = start / perImage
                    return epilogue.at(image: first + image, count: targetImage, offset: -image * targetImage)
                }
                multiplyBlock(
                    rounded, from: source, at: sources, filters: filters, to: target, at: targets, operands: operands,
                    workspace: workspace)
                if let (epilogue, first) = epilogue { finish(start..<start + count, target, epilogue, first) }
                start += count
            }
        }
    }

    /// Asks memory for what lies two rows beyond six positions, as if images were rows too.
    @inline(__always)
    private func fetch(
        from source: Source?, at sources: UnsafePointer<Int>, to target: Destination, at targets: UnsafePointer<Int>,
        panels: Int, addend: Source?, gate: Source?
    ) {
        for place in 0..<6 {
            if let source { prefetch(source + (sources[place] &+ 2 &* sourceRow)) }
            for panel in 0..<panels {
                let ahead = targets[place] &+ 2 &* targetRow &+ panel &* 16
                prefetchToWrite(target + ahead)
                if let addend { prefetch(addend + ahead) }
                if let gate { prefetch(gate + ahead) }
            }
        }
    }

    /// While the positions are in cache.
    private func finish(
        _ positions: Range<Int>, _ target: Destination, _ epilogue: ConvolutionEpilogue, _ first: Int
    ) {
        let perImage = gridHeight * gridWidth
        var start = positions.lowerBound
        while start < positions.upperBound {
            let image = start / perImage, end = min(positions.upperBound, (image + 1) * perImage)
            epilogue.at(image: first + image, count: targetImage, offset: start % perImage * channels)
                .finish(end - start, channels, from: 0, of: target + start * channels)
            start = end
        }
    }

    @inline(never)
    private func multiplyBlock(
        _ positions: Int, from source: Source, at sources: UnsafePointer<Int>, filters: Source, to target: Destination,
        at targets: UnsafePointer<Int>, operands: ConvolutionEpilogue?, workspace: Destination
    ) {
        let whole = channels / 16
        Panel.forEachGroup(whole) { panel, panels in
            let channel = panel &* 16
            let filters = filters + channel &* windowRows &* windowRow, target = target + channel
            forEachSix(
                positions, channel: channel, panels: panels, from: source, at: sources, to: target, at: targets,
                operands: operands
            ) { i in
                if panels == 2 {
                    six(TwoPanels.self, from: source, at: sources + i, filters: filters, to: target, at: targets + i)
                } else {
                    six(OnePanel.self, from: source, at: sources + i, filters: filters, to: target, at: targets + i)
                }
            }
        }
        if whole &* 16 < channels {
            let channel = whole &* 16
            let filters = filters + channel &* windowRows &* windowRow, target = target + channel
            forEachSix(
                positions, channel: channel, panels: 1, from: source, at: sources, to: target, at: targets,
                operands: operands
            ) { i in
                sixNarrow(
                    from: source, at: sources + i, filters: filters, to: target, at: targets + i,
                    lanes: channels &- channel, tile: workspace)
            }
        }
    }

    /// `body` gets the first of six positions at a time, for which memory is asked ahead.
    @inline(__always)
    private func forEachSix(
        _ positions: Int, channel: Int, panels: Int, from source: Source, at sources: UnsafePointer<Int>,
        to target: Destination, at targets: UnsafePointer<Int>, operands: ConvolutionEpilogue?,
        _ body: (Int) -> Void
    ) {
        let addend = operands?.addend.map { $0 + channel }, gate = operands?.gate.map { $0 + channel }
        var i = 0
        while i < positions {
            fetch(
                from: channel == 0 ? source : nil, at: sources + i, to: target, at: targets + i, panels: panels,
                addend: addend, gate: gate)
            body(i)
            i &+= 6
        }
    }

    @inline(__always)
    private func six<Columns: TileColumns>(
        _: Columns.Type, from source: Source, at sources: UnsafePointer<Int>, filters: Source, to target: Destination,
        at targets: UnsafePointer<Int>
    ) {
        let filterStride = windowRows &* windowRow &* 16
        var tile = SixRows<Columns>()
        var window = SixFactors(source, sources, count: 6), filters = filters
        for _ in 0..<windowRows {
            let end = window.base + windowRow
            while window.base != end {
                tile.addProducts(window, Columns(filters, panelStride: filterStride))
                filters += 16
                window.base += 1
            }
            window.base += rowStride &- windowRow
        }
        tile.forEachRow(from: 0) { row, sums in sums.write(target + targets[row], panelStride: 16) }
    }

    /// The same for a panel of which only `lanes` channels exist.
    private func sixNarrow(
        from source: Source, at sources: UnsafePointer<Int>, filters: Source, to target: Destination,
        at targets: UnsafePointer<Int>, lanes: Int, tile: Destination
    ) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 6) { places in
            for i in 0..<6 { places[i] = i &* 16 }
            guard let tilePlaces = places.baseAddress else { return }
            six(OnePanel.self, from: source, at: sources, filters: filters, to: tile, at: tilePlaces)
        }
        for i in 0..<6 {
            let pixel = target + targets[i]
            for lane in 0..<lanes { pixel[lane] = tile[i &* 16 &+ lane] }
        }
    }
}
