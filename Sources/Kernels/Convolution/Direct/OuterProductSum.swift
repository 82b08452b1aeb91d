/// Sums over pixels of the outer product of some numbers, wherever they lie, with a panel of sixteen channels.
enum OuterProductSum {
    /// Numbers that are multiplied together.
    @inline(__always) static var tile: Int { 6 }

    /// Where the summed pixels lie: `images` times `rows` runs of `length` pixels. In `a`, the next pixel is `pixelA`
    /// numbers further on, a next row `rowA` beyond its first pixel's place by that count, and a next image `imageA`
    /// beyond that; in `b`, rows follow one another.
    struct Pixels {
        let images, rows, length: Int
        var pixelA, rowA, imageA: Int
        let pixelB, imageB: Int
        /// How much further on those lie that are summed next, for memory to be asked for them.
        var nextA: Int
        let nextB: Int
    }

    /// c[count][16] += sum over pixels of a[pixel + offsets] b[pixel][16]; and the same of the sixteen numbers beside
    /// those of b, if two panels are summed, whose sums begin `panelStride` numbers apart.
    @inline(__always)
    static func add(
        _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, count: Int, _ b: Source, to c: Destination,
        panels: Int, panelStride: Int
    ) {
        if panels == 2 {
            add(TwoPanels.self, pixels, a, offsets, count: count, b, to: c, panelStride: panelStride)
        } else {
            add(OnePanel.self, pixels, a, offsets, count: count, b, to: c, panelStride: panelStride)
        }
    }

    @inline(__always)
    private static func add<Columns: TileColumns>(
        _: Columns.Type, _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, count: Int, _ b: Source,
        to c: Destination, panelStride: Int
    ) {
        var number = 0
        if count > 4 {
            add(
                SixRows<Columns>.self, pixels, a, offsets, count: min(tile, count), b, to: c, panelStride: panelStride,
                fetching: true)
            number = tile
        }
        while count &- number > 4 {
            add(
                SixRows<Columns>.self, pixels, a, offsets + number, count: min(tile, count &- number), b,
                to: c + number &* 16, panelStride: panelStride)
            number &+= tile
        }
        if number < count {
            add(
                FourRows<Columns>.self, pixels, a, offsets + number, count: count &- number, b, to: c + number &* 16,
                panelStride: panelStride)
        }
    }

    @inline(__always)
    private static func add<Tile: RegisterTile>(
        _: Tile.Type, _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, count: Int, _ b: Source,
        to c: Destination, panelStride: Int, fetching: Bool = false
    ) {
        var tile = Tile(), second = Tile()
        var factors = SixFactors(a, offsets, count: count), b = b
        @inline(__always) func addPixel(to tile: inout Tile) {
            if fetching {
                prefetch(factors.base + pixels.nextA)
                for panel in 0..<Tile.Columns.panels { prefetch(b + (pixels.nextB &+ panel &* 16)) }
            }
            tile.addProducts(factors, Tile.Columns(b, panelStride: 16))
            factors.base += pixels.pixelA
            b += pixels.pixelB
        }
        for _ in 0..<pixels.images {
            for _ in 0..<pixels.rows {
                var left = pixels.length
                while Tile.wantsSecondTile && left >= 2 {
                    addPixel(to: &tile)
                    addPixel(to: &second)
                    left &-= 2
                }
                while left > 0 {
                    addPixel(to: &tile)
                    left &-= 1
                }
                factors.base += pixels.rowA
            }
            factors.base += pixels.imageA
            b += pixels.imageB
        }
        if Tile.wantsSecondTile { tile.add(second) }
        tile.write(c, 16, panelStride: panelStride, adding: true, count: count)
    }
}
