/// Products of matrices whose channels lie in panels: the multiplications of Winograd convolution.
///
/// Every sum runs over the depth in ascending order, one fused multiply-add a step, in stretches that are then added
/// up: whatever register tile a row falls into, its bits are the same.
enum PanelProduct {
    /// Depth after which partial sums go to memory: a stretch of one panel of b (16 KB) then stays in the L1 cache.
    @inline(__always) private static var longestStretch: Int { 256 }

    /// What a stretch of the product reads and writes, as far as all rows share it.
    private struct Stretch {
        /// Lines that memory is asked for with sixteen numbers of a tile's depth.
        let share: Int
        let depth: Int
        /// Numbers from one panel to the next, in `a` and `c` and in `b`.
        let panelStride, filterStride: Int
        let a, b: Source
        let c: Destination
        let adding: Bool
        /// The same stretch of the next columns of b, if it is to be fetched meanwhile.
        let ahead: Source?
    }

    /// c[columns/16][panelRows][16] = a[depth/16][panelRows][16] b[columns/16][depth][16], for the first `rows` rows.
    /// `depth` and `columns` are multiples of 16. Meanwhile, memory is asked for `lines`.
    @inline(never)
    static func multiply(
        rows: Int, panelRows: Int, depth: Int, columns: Int, _ a: Source, _ b: Source, _ c: Destination,
        asking lines: LineStream?
    ) {
        let panelStride = panelRows &* 16, filterStride = depth &* 16, panels = columns / 16
        // Filters of all planes that do not stay in the L2 cache: the next panel is fetched while this one is used.
        let fetches = depth &* columns > 8192
        // A tile that has all sixteen rows reads such filters once, as they come from memory.
        let takesAll = hasWideRegisters && fetches && rows == 16
        var lines = lines ?? LineStream(b, count: 0, isWritten: false)
        let steps = depth / 16 &* registerTiles(rows, panels, single: takesAll)
        let share = (lines.count &+ steps &- 1) / max(1, steps)
        var start = 0
        while start < depth {
            let part = min(longestStretch, depth &- start)
            Panel.forEachGroup(panels, single: takesAll) { panel, count in
                let first = b + (panel &* filterStride &+ start &* 16)
                let stretch = Stretch(
                    share: share, depth: part, panelStride: panelStride, filterStride: filterStride,
                    a: a + start &* panelRows, b: first, c: c + panel &* panelStride, adding: start > 0,
                    ahead: fetches ? first + count &* filterStride : nil)
                if takesAll {
                    var row = 0
                    multiply(SixteenRows<OnePanel>.self, stretch, &row, &lines)
                } else if count == 2 {
                    multiply(TwoPanels.self, stretch, rows, &lines)
                } else {
                    multiply(OnePanel.self, stretch, rows, &lines)
                }
            }
            start &+= part
        }
        lines.askForAll()
    }

    /// So many register tiles make the product, about.
    private static func registerTiles(_ rows: Int, _ panels: Int, single: Bool) -> Int {
        if !hasWideRegisters { return (rows &+ 5) / 6 &* panels }
        return single || panels == 1 ? (rows &+ 7) / 8 &* panels : (rows &+ 11) / 12 &* ((panels &+ 1) / 2)
    }

    @inline(__always)
    private static func multiply<Columns: TileColumns>(
        _: Columns.Type, _ stretch: Stretch, _ rows: Int, _ lines: inout LineStream
    ) {
        var row = 0
        if hasWideRegisters {
            // Two tiles of eight are faster than twelve and four, and of one panel tiles of eight always are.
            while Columns.panels == 2 && rows &- row >= 12 && rows &- row != 16 {
                multiply(TwelveRows<Columns>.self, stretch, &row, &lines)
            }
            while rows &- row >= 8 { multiply(EightRows<Columns>.self, stretch, &row, &lines) }
        }
        // Two tiles of four are faster than six and two.
        while rows &- row >= 6 && rows &- row != 8 { multiply(SixRows<Columns>.self, stretch, &row, &lines) }
        while rows &- row >= 4 { multiply(FourRows<Columns>.self, stretch, &row, &lines) }
        if rows &- row >= 2 { multiply(TwoRows<Columns>.self, stretch, &row, &lines) }
        if row < rows { multiply(TileRow<Columns>.self, stretch, &row, &lines) }
    }

    @inline(__always)
    private static func multiply<Tile: RegisterTile>(
        _: Tile.Type, _ stretch: Stretch, _ row: inout Int, _ lines: inout LineStream
    ) {
        var tile = Tile()
        var a = stretch.a + row &* 16, b = stretch.b
        // Sixteen rows fetch it all, and not faster than memory delivers.
        var ahead = row < 16 ? stretch.ahead.map { $0 + row &* stretch.depth } : nil
        let end = b + stretch.depth &* 16
        while b != end {
            lines.ask(stretch.share)
            if let filters = ahead {
                for line in 0..<Tile.rows {
                    for panel in 0..<Tile.Columns.panels {
                        prefetch(filters + (line &* 16 &+ panel &* stretch.filterStride))
                    }
                }
                ahead = filters + Tile.rows &* 16
            }
            tile.addPanelProducts(a, b, panelStride: stretch.filterStride)
            b += 256
            a += stretch.panelStride
        }
        tile.write(stretch.c + row &* 16, 16, panelStride: stretch.panelStride, adding: stretch.adding)
        row &+= Tile.rows
    }
}
