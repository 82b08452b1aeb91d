/// c[m, n] = a[m, k] b[k, n] in tiles, of factors that are rounded to bfloat16 on their way. A row's bits do not depend on the
/// other rows.
///
/// a becomes lines of bfloat16, filled up with zeros, and b tiles [n/16][k/32].
struct TileProduct {
    private let m, n, k: Int
    /// Numbers from one row to the next, and from one column to the next, of which one is 1.
    private let a, b: MatrixStrides
    private let cRow: Int
    private let depthBlocks, columnBlocks, rowBlocks: Int
    /// Rows of a block: all have about as many, so that few are computed in vain.
    private let blockRows: Int

    init(m: Int, n: Int, k: Int, _ a: MatrixStrides, _ b: MatrixStrides, cRow: Int) {
        (self.m, self.n, self.k, self.a, self.b, self.cRow) = (m, n, k, a, b, cRow)
        depthBlocks = Tile.blocks(k, of: Tile.depth)
        columnBlocks = Tile.blocks(n, of: Tile.columns)
        rowBlocks = Tile.blocks(m, of: Tile.rows)
        blockRows = Tile.blocks(m, of: max(1, rowBlocks))
    }

    /// From one line of a to the next: an odd number of cache lines, so that the rows of a tile lie in different parts of the
    /// cache.
    private var lineBytes: Int { (depthBlocks | 1) * Tile.rowBytes }
    /// Of the lines of a.
    private var leftBytes: Int { rowBlocks * Tile.rows * lineBytes }
    /// Of b's tiles.
    var preparedBytes: Int { columnBlocks * depthBlocks * Tile.bytes }
    /// Of what `multiply` overwrites.
    var scratchBytes: Int { 4 * Tile.bytes + leftBytes }

    /// In multiplications of Float, as of a convolution (`ConvolutionChoice`).
    var work: Int {
        let products = rowBlocks * Tile.rows * columnBlocks * Tile.columns * depthBlocks * Tile.depth
        return products / 2 + 8 * (m + n) * k + 16 * m * n
    }

    // MARK: Packing

    func prepare(_ b: Source, into prepared: UnsafeMutableRawPointer) {
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.pairs) { room in
            guard let words = room.baseAddress else { return }
            for block in 0..<columnBlocks {
                for depth in 0..<depthBlocks {
                    let first = block * Tile.columns
                    if self.b.column == 1 {
                        pairs(b, self.b.row, depth, from: first, of: n, words)
                    } else {
                        rows(b, self.b.column, depth, first..<min(first + Tile.columns, n), words)
                        TilePacking.transpose(words)
                    }
                    (prepared + (block * depthBlocks + depth) * Tile.bytes)
                        .copyMemory(from: words, byteCount: Tile.bytes)
                }
            }
        }
    }

    private func pack(_ a: Source, into lines: UnsafeMutableRawPointer) {
        withUnsafeTemporaryAllocation(of: TilePacking.Words.self, capacity: Tile.pairs) { room in
            guard let words = room.baseAddress else { return }
            for block in 0..<rowBlocks {
                for depth in 0..<depthBlocks {
                    let first = block * blockRows
                    if self.a.column == 1 {
                        rows(a, self.a.row, depth, first..<min(first + blockRows, m), words)
                    } else {
                        pairs(a, self.a.column, depth, from: first, of: m, words)
                        TilePacking.transpose(words)
                    }
                    let line = lines + block * Tile.rows * lineBytes + depth * Tile.rowBytes
                    for row in 0..<Tile.rows {
                        (line + row * lineBytes).storeBytes(of: words[row], as: TilePacking.Words.self)
                    }
                }
            }
        }
    }

    /// The 32 numbers of a depth of each row, whose numbers are neighbours; zeros in other rows.
    @inline(__always)
    private func rows(
        _ x: Source, _ stride: Int, _ depth: Int, _ rows: Range<Int>, _ words: UnsafeMutablePointer<TilePacking.Words>
    ) {
        let start = depth * Tile.depth, count = min(Tile.depth, k - start)
        for row in 0..<Tile.rows {
            words[row] = .zero
            guard row < rows.count else { continue }
            TilePacking.row(count, x + ((rows.lowerBound + row) * stride + start), UnsafeMutableRawPointer(words + row))
        }
    }

    /// The 16 pairs of a depth, for sixteen neighbouring numbers from `place` of `length` on.
    @inline(__always)
    private func pairs(
        _ x: Source, _ stride: Int, _ depth: Int, from place: Int, of length: Int,
        _ words: UnsafeMutablePointer<TilePacking.Words>
    ) {
        for pair in 0..<Tile.pairs {
            let i = depth * Tile.depth + 2 * pair
            words[pair] = TilePacking.pairs(
                i < k ? x + i * stride : nil, i + 1 < k ? x + (i + 1) * stride : nil, from: place, of: length)
        }
    }

    // MARK: Products

    /// Overwrites c.
    func multiply<Block: TileBlock>(
        _: Block.Type, _ a: Source, _ prepared: UnsafeRawPointer, _ c: Destination, scratch: UnsafeMutableRawPointer
    ) {
        if m == 0 { return }
        let sums = scratch.assumingMemoryBound(to: Float.self), lines = scratch + 4 * Tile.bytes
        pack(a, into: lines)
        let block = Block(rows: blockRows), blockBytes = Tile.rows * lineBytes, columnBytes = depthBlocks * Tile.bytes
        for row in stride(from: 0, to: rowBlocks, by: 2) {
            let left = UnsafeRawPointer(lines) + row * blockBytes
            for column in stride(from: 0, to: columnBlocks, by: 2) {
                let shape = TileBlockShape(rows: rowBlocks - row, columns: columnBlocks - column)
                let right = prepared + column * columnBytes
                block.clear()
                block.addProducts(
                    shape,
                    LeftFactors(first: left, second: left + blockBytes, stride: lineBytes, step: Tile.rowBytes),
                    RightFactors(first: right, second: right + columnBytes, step: Tile.bytes), count: depthBlocks)
                block.write(shape, sums)
                write(sums, shape, row, column, c)
            }
        }
        block.end()
    }

    private func write(
        _ sums: UnsafePointer<Float>, _ shape: TileBlockShape, _ row: Int, _ column: Int, _ c: Destination
    ) {
        for i in 0..<shape.rows {
            let first = (row + i) * blockRows
            for j in 0..<shape.columns {
                let tile = sums + (i * shape.columns + j) * Tile.sums, start = (column + j) * Tile.columns
                for line in 0..<max(0, min(blockRows, m - first)) {
                    TilePacking.write(
                        min(Tile.columns, n - start), tile + line * Tile.columns,
                        to: c + ((first + line) * cRow + start))
                }
            }
        }
    }
}
