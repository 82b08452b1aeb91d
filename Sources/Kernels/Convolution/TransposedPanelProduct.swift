/// Products summed over tiles, of panels with sixteen channels a tile: the multiplications of weight gradients.
enum TransposedPanelProduct {
    /// c[16][rowStride] (+)= sum over tiles of a[tile][16] b[tile][16]: channels of `a` are rows, those of `b` columns.
    @inline(__always)
    static func accumulate(
        _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, _ rowStride: Int, adding: Bool
    ) {
        six(tiles, a, b, c, rowStride, adding)
        six(tiles, a + 6, b, c + 6 &* rowStride, rowStride, adding)
        four(tiles, a + 12, b, c + 12 &* rowStride, rowStride, adding)
    }

    @inline(__always)
    private static func six(
        _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, _ rowStride: Int, _ adding: Bool
    ) {
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow(), r4 = TileRow(), r5 = TileRow()
        var a = a, b = b
        let end = a + tiles &* 16
        while a != end {
            let low = load(b), high = load(b + 8)
            r0.addProduct(a[0], low, high)
            r1.addProduct(a[1], low, high)
            r2.addProduct(a[2], low, high)
            r3.addProduct(a[3], low, high)
            r4.addProduct(a[4], low, high)
            r5.addProduct(a[5], low, high)
            a += 16
            b += 16
        }
        r0.write(c, adding: adding)
        r1.write(c + rowStride, adding: adding)
        r2.write(c + 2 &* rowStride, adding: adding)
        r3.write(c + 3 &* rowStride, adding: adding)
        r4.write(c + 4 &* rowStride, adding: adding)
        r5.write(c + 5 &* rowStride, adding: adding)
    }

    @inline(__always)
    private static func four(
        _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, _ rowStride: Int, _ adding: Bool
    ) {
        var r0 = TileRow(), r1 = TileRow(), r2 = TileRow(), r3 = TileRow()
        var a = a, b = b
        let end = a + tiles &* 16
        while a != end {
            let low = load(b), high = load(b + 8)
            r0.addProduct(a[0], low, high)
            r1.addProduct(a[1], low, high)
            r2.addProduct(a[2], low, high)
            r3.addProduct(a[3], low, high)
            a += 16
            b += 16
        }
        r0.write(c, adding: adding)
        r1.write(c + rowStride, adding: adding)
        r2.write(c + 2 &* rowStride, adding: adding)
        r3.write(c + 3 &* rowStride, adding: adding)
    }
}
