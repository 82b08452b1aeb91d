/// Numbers from one row of a matrix to the next, and from one column to the next.
public struct MatrixStrides: Sendable {
    public let row, column: Int
    public init(row: Int, column: Int) {
        self.row = row
        self.column = column
    }
}

/// c[m, n] = a[m, k] b[k, n] of what an attention head multiplies: by `SmallProduct`, or of factors rounded to bfloat16 by a unit
/// for them. One of each factor's strides is 1. The caller owns all memory and may use a prepared b for several a.
public struct HeadProduct {
    private let plain: SmallProduct
    private let tiles: TileProduct
    private let unit: BFloat16Unit
    private let b: MatrixStrides

    /// - Parameter unit: what multiplies factors that are rounded to bfloat16, where it is faster; none, for factors as they
    ///   are.
    public init(m: Int, n: Int, k: Int, _ a: MatrixStrides, _ b: MatrixStrides, cRow: Int, unit: BFloat16Unit) {
        precondition(
            (a.row == 1 || a.column == 1) && (b.row == 1 || b.column == 1), "head product: strides \(a), \(b)")
        plain = SmallProduct(
            m: m, n: n, k: k, aRow: a.row, aColumn: a.column, bRow: b.column == 1 ? b.row : n, cRow: cRow)
        tiles = TileProduct(m: m, n: n, k: k, a, b, cRow: cRow)
        self.unit = unit == .registers && tiles.work >= m * n * k ? .none : unit
        self.b = b
    }

    /// Whether factors are rounded on their way; if not, they are taken as they are.
    public var roundsFactors: Bool { unit != .none }

    /// Scalars of b's prepared form.
    public var preparedCount: Int {
        if unit != .none { return scalars(tiles.preparedBytes) }
        return b.column == 1 ? 0 : plain.k * plain.n
    }
    /// Scalars of scratch.
    public var scratchCount: Int { unit == .none ? 0 : scalars(tiles.scratchBytes) }

    private func scalars(_ bytes: Int) -> Int { Tile.blocks(bytes, of: MemoryLayout<Scalar>.stride) }

    /// b in the form that `multiply` reads: in this memory, or as it is.
    public func prepared(_ b: Source, in memory: Destination) -> Source {
        if unit != .none {
            tiles.prepare(b, into: UnsafeMutableRawPointer(memory))
        } else if self.b.column != 1 {
            transposed(rows: plain.n, columns: plain.k, b, xRow: self.b.column, memory, stride: plain.n)
        } else {
            return b
        }
        return Source(memory)
    }

    /// Overwrites c. `b` is what `prepared` gives.
    public func multiply(_ a: Source, _ b: Source, _ c: Destination, scratch: Destination) {
        let prepared = UnsafeRawPointer(b), scratch = UnsafeMutableRawPointer(scratch)
        switch unit.tileMaker {
        case nil: plain.multiply(a, b, c)
        #if arch(x86_64)
            case .matrixUnit: tiles.multiply(ProcessorTileBlock.self, a, prepared, c, scratch: scratch)
        #endif
        #if !PAG_DOUBLE
            case .registers: tiles.multiply(RegisterTileBlock.self, a, prepared, c, scratch: scratch)
        #endif
        default: tiles.multiply(EmulatedTileBlock.self, a, prepared, c, scratch: scratch)
        }
    }
}
