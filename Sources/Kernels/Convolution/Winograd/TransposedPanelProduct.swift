/// Products summed over tiles, of panels with sixteen channels a tile: the multiplications of weight gradients.
enum TransposedPanelProduct {
    /// Where the panels of a product begin: of `b`, and of the sums.
    struct Strides {
        let b, c: Int
    }

    /// c[16][16] (+)= sum over tiles of a[tile][16] b[tile][16], for one or two panels of `b`: channels of `a` are
    /// rows, those of `b` columns.
    @inline(__always)
    static func accumulate(
        _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, panels: Int, _ strides: Strides, adding: Bool
    ) {
        if panels == 2 {
            accumulate(EightRows<TwoPanels>.self, tiles, a, b, c, strides: strides, adding: adding)
            accumulate(EightRows<TwoPanels>.self, tiles, a + 8, b, c + 8 &* 16, strides: strides, adding: adding)
        } else if hasWideRegisters {
            accumulate(SixteenRows<OnePanel>.self, tiles, a, b, c, strides: strides, adding: adding)
        } else {
            accumulate(SixRows<OnePanel>.self, tiles, a, b, c, strides: strides, adding: adding)
            accumulate(SixRows<OnePanel>.self, tiles, a + 6, b, c + 6 &* 16, strides: strides, adding: adding)
            accumulate(FourRows<OnePanel>.self, tiles, a + 12, b, c + 12 &* 16, strides: strides, adding: adding)
        }
    }

    @inline(__always)
    private static func accumulate<Tile: RegisterTile>(
        _: Tile.Type, _ tiles: Int, _ a: Source, _ b: Source, _ c: Destination, strides: Strides, adding: Bool
    ) {
        var tile = Tile()
        var a = a, b = b
        let end = a + tiles &* 16
        while a != end {
            tile.addProducts(StridedFactors(a, 1), Tile.Columns(b, panelStride: strides.b))
            a += 16
            b += 16
        }
        tile.write(c, 16, panelStride: strides.c, adding: adding)
    }
}
