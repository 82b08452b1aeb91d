#if arch(x86_64)
    import CBFloat16

    /// A matrix unit's own registers: 0 to 3 hold sums, 4 and 5 factors from the left, 6 and 7 those from the right.
    struct ProcessorTileBlock: TileBlock {
        init(rows: Int) {
            precondition(
                BFloat16Unit.best == .tiles && (1...Tile.rows).contains(rows), "matrix unit: \(rows) rows")
            var shapes = pag_tile_shapes()
            shapes.palette = 1
            let bytes = UInt16(Tile.rowBytes), left = UInt8(rows), right = UInt8(Tile.pairs)
            shapes.row_bytes.0 = bytes
            shapes.row_bytes.1 = bytes
            shapes.row_bytes.2 = bytes
            shapes.row_bytes.3 = bytes
            shapes.row_bytes.4 = bytes
            shapes.row_bytes.5 = bytes
            shapes.row_bytes.6 = bytes
            shapes.row_bytes.7 = bytes
            (shapes.rows.0, shapes.rows.1, shapes.rows.2, shapes.rows.3) = (left, left, left, left)
            (shapes.rows.4, shapes.rows.5, shapes.rows.6, shapes.rows.7) = (left, left, right, right)
            pag_tiles_begin(&shapes)
        }

        @inline(__always)
        func end() { pag_tiles_end() }

        @inline(__always)
        func clear() {
            pag_tile_zero_0()
            pag_tile_zero_1()
            pag_tile_zero_2()
            pag_tile_zero_3()
        }

        func addProducts(_ shape: TileBlockShape, _ left: LeftFactors, _ right: RightFactors, count: Int) {
            // A loop for each shape, with nothing to decide in it.
            switch shape {
            case .oneByOne: for i in 0..<count { addProduct(.oneByOne, left, right, i) }
            case .oneByTwo: for i in 0..<count { addProduct(.oneByTwo, left, right, i) }
            case .twoByOne: for i in 0..<count { addProduct(.twoByOne, left, right, i) }
            case .twoByTwo: for i in 0..<count { addProduct(.twoByTwo, left, right, i) }
            }
        }

        @inline(__always)
        private func addProduct(_ shape: TileBlockShape, _ left: LeftFactors, _ right: RightFactors, _ i: Int) {
            pag_tile_load_4(left.first + i &* left.step, left.stride)
            pag_tile_load_6(right.first + i &* right.step, Tile.rowBytes)
            pag_tile_add_product_0_4_6()
            if shape.columns == 2 {
                pag_tile_load_7(right.second + i &* right.step, Tile.rowBytes)
                pag_tile_add_product_1_4_7()
            }
            if shape.rows == 2 {
                pag_tile_load_5(left.second + i &* left.step, left.stride)
                pag_tile_add_product_2_5_6()
                if shape.columns == 2 { pag_tile_add_product_3_5_7() }
            }
        }

        @inline(__always)
        func read(_ shape: TileBlockShape, _ source: UnsafePointer<Float>) {
            pag_tile_load_0(source, Tile.rowBytes)
            if shape.columns == 2 { pag_tile_load_1(source + Tile.sums, Tile.rowBytes) }
            if shape.rows == 2 {
                let next = source + shape.columns &* Tile.sums
                pag_tile_load_2(next, Tile.rowBytes)
                if shape.columns == 2 { pag_tile_load_3(next + Tile.sums, Tile.rowBytes) }
            }
        }

        @inline(__always)
        func write(_ shape: TileBlockShape, _ target: UnsafeMutablePointer<Float>) {
            pag_tile_store_0(target, Tile.rowBytes)
            if shape.columns == 2 { pag_tile_store_1(target + Tile.sums, Tile.rowBytes) }
            if shape.rows == 2 {
                let next = target + shape.columns &* Tile.sums
                pag_tile_store_2(next, Tile.rowBytes)
                if shape.columns == 2 { pag_tile_store_3(next + Tile.sums, Tile.rowBytes) }
            }
        }
    }
#endif
