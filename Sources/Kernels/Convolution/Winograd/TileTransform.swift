/// What the columns of a tile are made of, and where the rows of its transform go.
protocol TileEnds {
    associatedtype Column: LaneLine
    associatedtype Row: WritableLine
    func column(_ index: Int) -> Column
    func row(_ index: Int) -> Row
}

extension LineTransform {
    /// Room that `transform` needs, in numbers.
    static var transformScratchCount: Int { outputs * inputs * registerLaneCount }

    /// Applies the matrix to all columns of a tile and then to its rows: M tile M'. What lies between stays in
    /// registers, if there are enough, or is in scratch.
    @inline(__always)
    static func transform<Ends: TileEnds>(_ ends: Ends, _ scratch: Destination) {
        if hasWideRegisters && inputs * outputs <= 24 {
            var columns = Six(repeating: Six(repeating: RegisterLanes.zero))
            transform(ends, through: &columns)
        } else {
            var columns = ColumnsInMemory(base: scratch, count: inputs)
            transform(ends, through: &columns)
        }
    }

    /// Written out, because with an index that is no constant nothing would stay in registers.
    @inline(__always)
    private static func transform<Ends: TileEnds, Columns: TransformedColumns>(
        _ ends: Ends, through columns: inout Columns
    ) {
        if inputs > 0 { apply(ends.column(0), to: &columns[0]) }
        if inputs > 1 { apply(ends.column(1), to: &columns[1]) }
        if inputs > 2 { apply(ends.column(2), to: &columns[2]) }
        if inputs > 3 { apply(ends.column(3), to: &columns[3]) }
        if inputs > 4 { apply(ends.column(4), to: &columns[4]) }
        if inputs > 5 { apply(ends.column(5), to: &columns[5]) }
        if inputs > 6 { apply(ends.column(6), to: &columns[6]) }
        if inputs > 7 { apply(ends.column(7), to: &columns[7]) }
        if inputs > 8 { apply(ends.column(8), to: &columns[8]) }
        if outputs > 0 { write(columns, 0, ends) }
        if outputs > 1 { write(columns, 1, ends) }
        if outputs > 2 { write(columns, 2, ends) }
        if outputs > 3 { write(columns, 3, ends) }
        if outputs > 4 { write(columns, 4, ends) }
        if outputs > 5 { write(columns, 5, ends) }
        if outputs > 6 { write(columns, 6, ends) }
        if outputs > 7 { write(columns, 7, ends) }
        if outputs > 8 { write(columns, 8, ends) }
    }

    @inline(__always)
    private static func write<Ends: TileEnds, Columns: TransformedColumns>(
        _ columns: Columns, _ index: Int, _ ends: Ends
    ) {
        var row = ends.row(index)
        apply(TransformedRow(columns: columns, index: index), to: &row)
    }
}

/// The columns of a tile between the two passes.
private protocol TransformedColumns {
    associatedtype Column: WritableLine
    subscript(_ index: Int) -> Column { get set }
}

private struct TransformedRow<Columns: TransformedColumns>: LaneLine {
    let columns: Columns, index: Int
    @inline(__always) subscript(_ column: Int) -> RegisterLanes { columns[column][index] }
}

private struct ColumnsInMemory: TransformedColumns {
    let base: Destination, count: Int

    @inline(__always) subscript(_ index: Int) -> StridedPlaces {
        get { StridedPlaces(base + index &* registerLaneCount, count &* registerLaneCount) }
        nonmutating set {}
    }
}

extension Six: TransformedColumns where Element == Six<RegisterLanes> {}
