/// c[m, n] = a[m, k] b[k, n] of matrices that the L1 cache holds, without packing a or clearing c: what an attention head
/// multiplies, where the library spends as long on the way to the product as on the product.
///
/// Every number is one sum over k in ascending order, one fused multiply-add a step.
public struct SmallProduct {
    /// The extents.
    public let m, n, k: Int
    /// Numbers from one row of a to the next, and from one of its columns to the next.
    public let aRow, aColumn: Int
    /// Numbers from one row of b, or of c, to the next; columns are neighbours.
    public let bRow, cRow: Int

    /// Strides are in numbers.
    public init(m: Int, n: Int, k: Int, aRow: Int, aColumn: Int, bRow: Int, cRow: Int) {
        self.m = m
        self.n = n
        self.k = k
        self.aRow = aRow
        self.aColumn = aColumn
        self.bRow = bRow
        self.cRow = cRow
    }

    /// Overwrites c.
    public func multiply(_ a: Source, _ b: Source, _ c: Destination) {
        let panels = n / Panel.width, rest = n % Panel.width
        Panel.forEachGroup(panels) { panel, count in
            let b = b + panel &* Panel.width, c = c + panel &* Panel.width
            if count == 2 {
                multiplyRows(TwoPanels.self, a, b, bRow, c, cRow)
            } else {
                multiplyRows(OnePanel.self, a, b, bRow, c, cRow)
            }
        }
        if rest > 0 { multiplyRest(rest, a, b + panels &* Panel.width, c + panels &* Panel.width) }
    }

    /// The last columns, as a panel filled up with zeros.
    private func multiplyRest(_ columns: Int, _ a: Source, _ b: Source, _ c: Destination) {
        let width = Panel.width
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: (k + m) * width) { room in
            guard let panel = room.baseAddress else { return }
            let sums = panel + k * width
            for depth in 0..<k {
                let source = b + depth &* bRow, target = panel + depth &* width
                for column in 0..<columns { target[column] = source[column] }
                for column in columns..<width { target[column] = 0 }
            }
            multiplyRows(OnePanel.self, a, panel, width, sums, width)
            for row in 0..<m {
                let source = sums + row &* width, target = c + row &* cRow
                for column in 0..<columns { target[column] = source[column] }
            }
        }
    }

    @inline(__always)
    private func multiplyRows<Columns: TileColumns>(
        _: Columns.Type, _ a: Source, _ b: Source, _ bRow: Int, _ c: Destination, _ cRow: Int
    ) {
        var row = 0
        if hasWideRegisters {
            while Columns.panels == 2 && m &- row >= 12 {
                addUp(TwelveRows<Columns>.self, a, b, bRow, c, cRow, &row)
            }
            while m &- row >= 8 { addUp(EightRows<Columns>.self, a, b, bRow, c, cRow, &row) }
        }
        while m &- row >= 6 && m &- row != 8 { addUp(SixRows<Columns>.self, a, b, bRow, c, cRow, &row) }
        while m &- row >= 4 { addUp(FourRows<Columns>.self, a, b, bRow, c, cRow, &row) }
        if m &- row >= 2 { addUp(TwoRows<Columns>.self, a, b, bRow, c, cRow, &row) }
        if row < m { addUp(TileRow<Columns>.self, a, b, bRow, c, cRow, &row) }
    }

    @inline(__always)
    private func addUp<Tile: RegisterTile>(
        _: Tile.Type, _ a: Source, _ b: Source, _ bRow: Int, _ c: Destination, _ cRow: Int, _ row: inout Int
    ) {
        var tile = Tile()
        var a = a + row &* aRow, b = b
        for _ in 0..<k {
            tile.addProducts(StridedFactors(a, aRow), Tile.Columns(b, panelStride: Panel.width))
            a += aColumn
            b += bRow
        }
        tile.write(c + row &* cRow, cRow, panelStride: Panel.width, adding: false)
        row &+= Tile.rows
    }
}

/// out[columns, stride] = x[rows, columns] transposed; rows of x are `xRow` numbers apart.
public func transposed(rows: Int, columns: Int, _ x: Source, xRow: Int, _ out: Destination, stride: Int) {
    for row in 0..<rows {
        let source = x + row &* xRow, target = out + row
        for column in 0..<columns { target[column &* stride] = source[column] }
    }
}
