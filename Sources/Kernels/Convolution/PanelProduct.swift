/// Products of matrices whose channels lie in panels: the multiplications of Winograd convolution.
///
/// Every sum runs over the depth in ascending order, one fused multiply-add a step, in stretches of `stretch` that are
/// then added up: whatever register tile a row falls into, its bits are the same.
enum PanelProduct {
    /// Depth after which partial sums go to memory: a stretch of one panel of b (16 KB) then stays in the L1 cache.
    @inline(__always) private static var stretch: Int { 256 }

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
            let part = min(stretch, depth &- start), adding = start > 0
            for column in 0..<(columns / 16) {
                let panelA = a + start &* panelRows
                let panelB = b + (column &* depth &+ start) &* 16
                let panelC = c + column &* panelStride
                var row = 0
                // Two tiles of four are faster than six and two.
                while rows &- row >= 6 && rows &- row != 8 {
                    // Three tiles fetch it all, and not faster than memory delivers.
                    let ahead = fetches && row < 18 ? panelB + (depth &* 16 &+ row &* part) : nil
                    six(part, panelA + row &* 16, panelStride, panelB, panelC + row &* 16, adding, fetching: ahead)
                    row &+= 6
                }
                while rows &- row >= 4 {
                    let ahead = fetches && row < 18 ? panelB + (depth &* 16 &+ row &* part) : nil
                    four(part, panelA + row &* 16, panelStride, panelB, panelC + row &* 16, adding, fetching: ahead)
                    row &+= 4
                }
                if rows &- row >= 2 {
                    two(part, panelA + row &* 16, panelStride, panelB, panelC + row &* 16, adding)
                    row &+= 2
                }
                if row < rows { one(part, panelA + row &* 16, panelStride, panelB, panelC + row &* 16, adding) }
            }
            start &+= part
        }
    }

    @inline(__always)
    private static func six(
        _ depth: Int, _ a: Source, _ panelStride: Int, _ b: Source, _ c: Destination, _ adding: Bool,
        fetching ahead: Source?
    ) {
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow(), r4 = TileRow(), r5 = TileRow()
        var a = a, b = b, ahead = ahead
        let end = b + depth &* 16
        while b != end {
            if let lines = ahead {
                for line in 0..<6 { prefetch(lines + line &* 16) }
                ahead = lines + 6 &* 16
            }
            for k in 0..<16 {
                let low = load(b), high = load(b + 8)
                r0.addProduct(a[k], low, high)
                r1.addProduct(a[k &+ 16], low, high)
                r2.addProduct(a[k &+ 32], low, high)
                r3.addProduct(a[k &+ 48], low, high)
                r4.addProduct(a[k &+ 64], low, high)
                r5.addProduct(a[k &+ 80], low, high)
                b += 16
            }
            a += panelStride
        }
        r0.write(c, adding: adding)
        r1.write(c + 16, adding: adding)
        r2.write(c + 32, adding: adding)
        r3.write(c + 48, adding: adding)
        r4.write(c + 64, adding: adding)
        r5.write(c + 80, adding: adding)
    }

    @inline(__always)
    private static func four(
        _ depth: Int, _ a: Source, _ panelStride: Int, _ b: Source, _ c: Destination, _ adding: Bool,
        fetching ahead: Source?
    ) {
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow()
        var a = a, b = b, ahead = ahead
        let end = b + depth &* 16
        while b != end {
            if let lines = ahead {
                for line in 0..<6 { prefetch(lines + line &* 16) }
                ahead = lines + 6 &* 16
            }
            for k in 0..<16 {
                let low = load(b), high = load(b + 8)
                r0.addProduct(a[k], low, high)
                r1.addProduct(a[k &+ 16], low, high)
                r2.addProduct(a[k &+ 32], low, high)
                r3.addProduct(a[k &+ 48], low, high)
                b += 16
            }
            a += panelStride
        }
        r0.write(c, adding: adding)
        r1.write(c + 16, adding: adding)
        r2.write(c + 32, adding: adding)
        r3.write(c + 48, adding: adding)
    }

    @inline(__always)
    private static func two(
        _ depth: Int, _ a: Source, _ panelStride: Int, _ b: Source, _ c: Destination, _ adding: Bool
    ) {
        var r0 = TileRow(), r1 = TileRow()
        var a = a, b = b
        let end = b + depth &* 16
        while b != end {
            for k in 0..<16 {
                let low = load(b), high = load(b + 8)
                r0.addProduct(a[k], low, high)
                r1.addProduct(a[k &+ 16], low, high)
                b += 16
            }
            a += panelStride
        }
        r0.write(c, adding: adding)
        r1.write(c + 16, adding: adding)
    }

    @inline(__always)
    private static func one(
        _ depth: Int, _ a: Source, _ panelStride: Int, _ b: Source, _ c: Destination, _ adding: Bool
    ) {
        var row = TileRow()
        var a = a, b = b
        let end = b + depth &* 16
        while b != end {
            for k in 0..<16 {
                row.addProduct(a[k], load(b), load(b + 8))
                b += 16
            }
            a += panelStride
        }
        row.write(c, adding: adding)
    }
}
