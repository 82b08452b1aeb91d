/// Products summed over tiles, of panels with sixteen channels a tile: the multiplications of weight gradients.
enum TransposedPanelProduct {
    /// c[16][rowStride] (+)= sum over tiles of a[tile][16] b[tile][16]: channels of `a` are rows, those of `b` columns.
    @inline(__always)
    static func accumulate(
        _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, _ rowStride: Int, adding: Bool
    ) {
        if hasWideRegisters {
            accumulate(SixteenRows.self, tiles, a, b, c, rowStride, adding)
        } else {
            accumulate(SixRows.self, tiles, a, b, c, rowStride, adding)
            accumulate(SixRows.self, tiles, a + 6, b, c + 6 &* rowStride, rowStride, adding)
            accumulate(FourRows.self, tiles, a + 12, b, c + 12 &* rowStride, rowStride, adding)
        }
    }

    @inline(__always)
    private static func accumulate<Tile: RegisterTile>(
        _: Tile.Type, _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, _ rowStride: Int, _ adding: Bool
    ) {
        var tile = Tile()
        var a = a, b = b
        let end = a + tiles &* 16
        while a != end {
            tile.addProducts(StridedFactors(a, 1), load(b, as: PanelLanes.self))
            a += 16
            b += 16
        }
        tile.write(c, rowStride, adding: adding)
    }
}
