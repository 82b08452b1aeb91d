#if !PAG_DOUBLE
    import CBFloat16

    /// Tiles of sums in memory. Some rows of a tile, or of two side by side, are in vector registers while products are added.
    struct RegisterTileBlock: TileBlock {
        private let rows: Int
        private let sums = UnsafeMutablePointer<Float>.allocate(capacity: 4 * Tile.sums)

        init(rows: Int) {
            precondition(BFloat16Unit.hasPairs && (1...Tile.rows).contains(rows), "products of pairs: \(rows) rows")
            self.rows = rows
        }

        func end() { sums.deallocate() }

        func clear() { sums.update(repeating: 0, count: 4 * Tile.sums) }

        func addProducts(_ shape: TileBlockShape, _ left: LeftFactors, _ right: RightFactors, count: Int) {
            for row in 0..<shape.rows {
                let left = Factors(row == 0 ? left.first : left.second, left.stride, left.step)
                let tile = sums + 2 &* row &* Tile.sums
                if shape.columns == 1 {
                    // The last sixteen outputs: four rows at a time hide an instruction's latency badly.
                    for first in stride(from: 0, to: rows, by: 4) {
                        FourRows<PairSums>.add(left, right, first: first, count, to: tile)
                    }
                } else {
                    for first in stride(from: 0, to: rows, by: 8) {
                        EightRows<SideBySide<PairSums>>.add(left, right, first: first, count, to: tile)
                    }
                }
            }
        }

        func read(_ shape: TileBlockShape, _ source: UnsafePointer<Float>) {
            forEachTile(shape) { tile, place in (sums + tile).update(from: source + place, count: Tile.sums) }
        }

        func write(_ shape: TileBlockShape, _ target: UnsafeMutablePointer<Float>) {
            forEachTile(shape) { tile, place in (target + place).update(from: sums + tile, count: Tile.sums) }
        }

        /// The tiles of a shape, by their places in the block and in memory.
        @inline(__always)
        private func forEachTile(_ shape: TileBlockShape, _ body: (Int, Int) -> Void) {
            for row in 0..<shape.rows {
                for column in 0..<shape.columns {
                    body((2 &* row &+ column) &* Tile.sums, (row &* shape.columns &+ column) &* Tile.sums)
                }
            }
        }
    }

    /// Pairs of bfloat16 as a `RegisterTile` reads them: as if each were a number of Float.
    private struct Factors {
        let first: Source
        /// From row to row, or from tile to tile, and from product to product.
        let stride, step: Int

        @inline(__always)
        init(_ first: UnsafeRawPointer, _ stride: Int, _ step: Int) {
            self.first = first.assumingMemoryBound(to: Float.self)
            self.stride = stride / MemoryLayout<Float>.stride
            self.step = step / MemoryLayout<Float>.stride
        }
    }

    extension RegisterTile {
        /// Adds products to these rows of a tile, or of two side by side.
        fileprivate static func add(
            _ left: Factors, _ right: RightFactors, first: Int, _ count: Int, to sums: UnsafeMutablePointer<Float>
        ) {
            let right = Factors(right.first, right.second - right.first, right.step)
            var tile = Self(), a = left.first + first &* left.stride, b = right.first
            for _ in 0..<count {
                for pair in 0..<Tile.pairs {
                    tile.addProducts(
                        StridedFactors(a + pair, left.stride),
                        Columns(b + pair &* Tile.columns, panelStride: right.stride))
                }
                a += left.step
                b += right.step
            }
            tile.write(sums + first &* Tile.columns, Tile.columns, panelStride: Tile.sums, adding: true)
        }
    }

    /// Sixteen sums of Float, or sixteen pairs of bfloat16 that are multiplied.
    struct PairSums: TileColumns {
        @inline(__always) static var panels: Int { 1 }
        @inline(__always) static var zero: PairSums { PairSums(numbers: .zero) }
        private var numbers: SIMD16<Float>

        @inline(__always) private init(numbers: SIMD16<Float>) { self.numbers = numbers }
        @inline(__always) init(_ source: Source, panelStride: Int) { numbers = load(source, as: SIMD16<Float>.self) }
        @inline(__always) func write(_ target: Destination, panelStride: Int) { store(numbers, target) }

        @inline(__always)
        mutating func addProduct(_ pair: Scalar, _ pairs: PairSums) {
            numbers = pag_add_pair_products(
                numbers, TilePacking.Words(repeating: pair.bitPattern),
                unsafeBitCast(pairs.numbers, to: TilePacking.Words.self))
        }
        @inline(__always) static func + (a: PairSums, b: PairSums) -> PairSums {
            PairSums(numbers: a.numbers + b.numbers)
        }
    }
#endif
