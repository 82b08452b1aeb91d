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

    /// c[count][16] += sum over pixels of a[pixel + offsets] b[pixel][16].
    @inline(__always)
    static func add(
        _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, _ count: Int, _ b: Source, to c: Destination
    ) {
        var number = 0
        if count > 4 {
            six(pixels, a, offsets, min(tile, count), b, c, fetching: true)
            number = tile
        }
        while count &- number > 4 {
            six(pixels, a, offsets + number, min(tile, count &- number), b, c + number &* 16, fetching: false)
            number &+= tile
        }
        if number < count { four(pixels, a, offsets + number, count &- number, b, c + number &* 16) }
    }

    /// The last of fewer than six numbers is taken for those that are missing.
    @inline(__always)
    private static func six(
        _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, _ count: Int, _ b: Source, _ c: Destination,
        fetching: Bool
    ) {
        let o0 = offsets[0], o1 = offsets[1], o2 = offsets[2], o3 = offsets[3], o4 = offsets[4]
        let o5 = offsets[count &- 1]
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow(), r4 = TileRow(), r5 = TileRow()
        var a = a, b = b
        for _ in 0..<pixels.images {
            for _ in 0..<pixels.rows {
                for _ in 0..<pixels.length {
                    if fetching {
                        prefetch(a + pixels.nextA)
                        prefetch(b + pixels.nextB)
                    }
                    let low = load(b), high = load(b + 8)
                    r0.addProduct(a[o0], low, high)
                    r1.addProduct(a[o1], low, high)
                    r2.addProduct(a[o2], low, high)
                    r3.addProduct(a[o3], low, high)
                    r4.addProduct(a[o4], low, high)
                    r5.addProduct(a[o5], low, high)
                    a += pixels.pixelA
                    b += pixels.pixelB
                }
                a += pixels.rowA
            }
            a += pixels.imageA
            b += pixels.imageB
        }
        r0.write(c, adding: true)
        r1.write(c + 16, adding: true)
        r2.write(c + 32, adding: true)
        r3.write(c + 48, adding: true)
        r4.write(c + 64, adding: true)
        if count == tile { r5.write(c + 80, adding: true) }
    }

    @inline(__always)
    private static func four(
        _ pixels: Pixels, _ a: Source, _ offsets: UnsafePointer<Int>, _ count: Int, _ b: Source, _ c: Destination
    ) {
        let o0 = offsets[0], o1 = offsets[min(1, count &- 1)], o2 = offsets[min(2, count &- 1)]
        let o3 = offsets[count &- 1]
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow()
        var a = a, b = b
        for _ in 0..<pixels.images {
            for _ in 0..<pixels.rows {
                for _ in 0..<pixels.length {
                    let low = load(b), high = load(b + 8)
                    r0.addProduct(a[o0], low, high)
                    r1.addProduct(a[o1], low, high)
                    r2.addProduct(a[o2], low, high)
                    r3.addProduct(a[o3], low, high)
                    a += pixels.pixelA
                    b += pixels.pixelB
                }
                a += pixels.rowA
            }
            a += pixels.imageA
            b += pixels.imageB
        }
        r0.write(c, adding: true)
        if count > 1 { r1.write(c + 16, adding: true) }
        if count > 2 { r2.write(c + 32, adding: true) }
        if count > 3 { r3.write(c + 48, adding: true) }
    }
}
