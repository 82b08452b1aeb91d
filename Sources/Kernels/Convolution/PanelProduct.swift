/// Products of matrices whose channels lie in panels: the multiplications of Winograd convolution.
///
/// Every sum runs over the depth in ascending order, one fused multiply-add a step, in stretches that are then added up:
/// whatever register tile a row falls into, its bits are the same.
enum PanelProduct {
    /// Depth after which partial sums go to memory: a stretch of one panel of b (16 KB) then stays in the L1 cache.
    @inline(__always) private static var longestStretch: Int { 256 }

    /// What a stretch of the product reads and writes, as far as all rows share it.
    private struct Stretch {
        let depth, panelStride: Int
        let a, b: Source
        let c: Destination
        let adding: Bool
        /// The same panel of b of the next columns, if it is to be fetched meanwhile.
        let ahead: Source?
    }

    /// c[columns/16][panelRows][16] = a[depth/16][panelRows][16] b[columns/16][depth][16], for the first `rows` rows.
    /// `depth` and `columns` are multiples of 16.
    @inline(never)
    static func multiply(
        rows: Int, panelRows: Int, depth: Int, columns: Int, _ a: Source, _ b: Source, _ c: Destination
    ) {
        let panelStride = panelRows &* 16
        // Filters of all planes that do not stay in the L2 cache: the next panel is fetched while this one is used.
        let fetches = depth &* columns > 8192
        var start = 0
        while start < depth {
            let part = min(longestStretch, depth &- start)
            for column in 0..<(columns / 16) {
                let panel = b + (column &* depth &+ start) &* 16
                let stretch = Stretch(
                    depth: part, panelStride: panelStride, a: a + start &* panelRows, b: panel,
                    c: c + column &* panelStride, adding: start > 0, ahead: fetches ? panel + depth &* 16 : nil)
                var row = 0
                if hasWideRegisters {
                    // Two tiles of eight are faster than twelve and four.
                    while rows &- row >= 12 && rows &- row != 16 { multiply(TwelveRows.self, stretch, &row) }
                    while rows &- row >= 8 { multiply(EightRows.self, stretch, &row) }
                }
                // Two tiles of four are faster than six and two.
                while rows &- row >= 6 && rows &- row != 8 { multiply(SixRows.self, stretch, &row) }
                while rows &- row >= 4 { multiply(FourRows.self, stretch, &row) }
                if rows &- row >= 2 { multiply(TwoRows.self, stretch, &row) }
                if row < rows { multiply(TileRow.self, stretch, &row) }
            }
            start &+= part
        }
    }

    @inline(__always)
    private static func multiply<Tile: RegisterTile>(_: Tile.Type, _ stretch: Stretch, _ row: inout Int) {
        var tile = Tile()
        var a = stretch.a + row &* 16, b = stretch.b
        // Sixteen rows fetch it all, and not faster than memory delivers.
        var ahead = row < 16 ? stretch.ahead.map { $0 + row &* stretch.depth } : nil
        let end = b + stretch.depth &* 16
        while b != end {
            if let lines = ahead {
                for line in 0..<Tile.rows { prefetch(lines + line &* 16) }
                ahead = lines + Tile.rows &* 16
            }
            for k in 0..<16 {
                tile.addProducts(StridedFactors(a + k, 16), load(b, as: PanelLanes.self))
                b += 16
            }
            a += stretch.panelStride
        }
        tile.write(stretch.c + row &* 16, 16, adding: stretch.adding)
        row &+= Tile.rows
    }
}
