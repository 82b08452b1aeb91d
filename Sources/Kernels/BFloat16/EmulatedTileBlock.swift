/// What a matrix unit computes, number by number: for tests where there is none. (Intel's manual, TDPBF16PS: of a product the
/// even and the odd numbers of a row are summed apart, then together, then added to what there was. Numbers below the
/// smallest normal one are zero.)
final class EmulatedTileBlock: TileBlock {
    private let rows: Int
    private var sums = [Float](repeating: 0, count: 4 * Tile.sums)

    init(rows: Int) {
        precondition((1...Tile.rows).contains(rows), "matrix unit: \(rows) rows")
        self.rows = rows
    }

    func end() {}

    func clear() { sums = [Float](repeating: 0, count: sums.count) }

    func addProducts(_ shape: TileBlockShape, _ left: LeftFactors, _ right: RightFactors, count: Int) {
        for i in 0..<count {
            for row in 0..<shape.rows {
                for column in 0..<shape.columns {
                    addProduct(
                        (row == 0 ? left.first : left.second) + i * left.step, stride: left.stride,
                        (column == 0 ? right.first : right.second) + i * right.step,
                        to: (2 * row + column) * Tile.sums)
                }
            }
        }
    }

    private func addProduct(_ left: UnsafeRawPointer, stride: Int, _ right: UnsafeRawPointer, to first: Int) {
        for row in 0..<rows {
            var even = SIMD16<Float>.zero, odd = SIMD16<Float>.zero
            for pair in 0..<Tile.pairs {
                let a = (left + row * stride + pair * 4).loadUnaligned(as: UInt32.self)
                let b = (right + pair * Tile.rowBytes).loadUnaligned(as: SIMD16<UInt32>.self)
                even.addProduct(SIMD16(repeating: number(a << 16)), numbers(b &<< 16))
                odd.addProduct(SIMD16(repeating: number(a)), numbers(b))
            }
            let sum = even + odd
            for column in 0..<Tile.columns {
                let i = first + row * Tile.columns + column
                sums[i] = normal(sums[i] + normal(sum[column]))
            }
        }
    }

    /// The bfloat16 in the upper half.
    private func number(_ bits: UInt32) -> Float { normal(Float(bitPattern: bits & 0xffff_0000)) }
    private func numbers(_ bits: SIMD16<UInt32>) -> SIMD16<Float> {
        let isZero = (bits & SIMD16(repeating: 0x7f80_0000)) .== 0
        return unsafeBitCast(
            (bits & SIMD16(repeating: 0xffff_0000)).replacing(with: 0, where: isZero), to: SIMD16<Float>.self)
    }
    private func normal(_ x: Float) -> Float { x.isSubnormal ? 0 : x }

    func read(_ shape: TileBlockShape, _ source: UnsafePointer<Float>) {
        forEach(shape) { i, place in sums[i] = source[place] }
    }

    func write(_ shape: TileBlockShape, _ target: UnsafeMutablePointer<Float>) {
        forEach(shape) { i, place in target[place] = sums[i] }
    }

    /// The numbers of the rows in use of a shape's tiles, by their places in the block and in memory.
    private func forEach(_ shape: TileBlockShape, _ body: (Int, Int) -> Void) {
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                let tile = (2 * row + column) * Tile.sums, place = (row * shape.columns + column) * Tile.sums
                for i in 0..<rows * Tile.columns { body(tile + i, place + i) }
            }
        }
    }
}
