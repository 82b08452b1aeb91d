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

    /// c[count][16] += sum over pixels of a[pixel + offsets] b[pixel][16]; and with `next`, the same of the sixteen
    /// numbers beside those of b, for which only wide registers have room.
    @inline(__always)
    static func add(
        _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, _ count: Int, _ b: Source, to c: Destination,
        next: Destination? = nil
    ) {
        var number = 0
        if count > 4 {
            add(SixRows.self, pixels, a, offsets, min(tile, count), b, c, next, fetching: true)
            number = tile
        }
        while count &- number > 4 {
            add(
                SixRows.self, pixels, a, offsets + number, min(tile, count &- number), b, c + number &* 16,
                next.map { $0 + number &* 16 })
            number &+= tile
        }
        if number < count {
            add(
                FourRows.self, pixels, a, offsets + number, count &- number, b, c + number &* 16,
                next.map { $0 + number &* 16 })
        }
    }

    @inline(__always)
    private static func add<Tile: RegisterTile>(
        _: Tile.Type, _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, _ count: Int, _ b: Source,
        _ c: Destination, _ next: Destination?, fetching: Bool = false
    ) {
        var tile = Tile(), nextTile = Tile()
        var factors = SixFactors(a, offsets, count: count), b = b
        for _ in 0..<pixels.images {
            for _ in 0..<pixels.rows {
                for _ in 0..<pixels.length {
                    if fetching {
                        prefetch(factors.base + pixels.nextA)
                        prefetch(b + pixels.nextB)
                        if next != nil { prefetch(b + (pixels.nextB &+ 16)) }
                    }
                    tile.addProducts(factors, load(b, as: PanelLanes.self))
                    if next != nil { nextTile.addProducts(factors, load(b + 16, as: PanelLanes.self)) }
                    factors.base += pixels.pixelA
                    b += pixels.pixelB
                }
                factors.base += pixels.rowA
            }
            factors.base += pixels.imageA
            b += pixels.imageB
        }
        tile.write(c, 16, adding: true, count: count)
        if let next { nextTile.write(next, 16, adding: true, count: count) }
    }
}
