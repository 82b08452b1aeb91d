/// Some rows of a panel's sums, which stay in registers while products are added to them: the core of every matrix
/// product here.
///
/// Tiles are put together of smaller ones, and not of arrays or closures, because the compiler then keeps them in
/// registers: each row is a variable, and every index a constant. Six rows take twelve of AVX2's sixteen registers,
/// twelve rows twelve of AVX-512's thirty-two, where eight are enough to keep both multipliers busy.
protocol RegisterTile {
    static var rows: Int { get }

    /// Zeros.
    init()

    /// sums[row] += factors[first + row] numbers
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: PanelLanes)

    /// Calls `body(first + row, sums)` for each row.
    func forEachRow(from first: Int, _ body: (Int, PanelLanes) -> Void)
}

extension RegisterTile {
    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, _ numbers: PanelLanes) {
        addProducts(factors, from: 0, numbers)
    }

    /// Writes the first `count` rows `stride` numbers apart, or adds them to what is there.
    @inline(__always)
    func write(_ target: Destination, _ stride: Int, adding: Bool, count: Int = Self.rows) {
        forEachRow(from: 0) { row, sums in
            if row >= count { return }
            let place = target + row &* stride
            store(adding ? load(Source(place), as: PanelLanes.self) + sums : sums, place)
        }
    }
}

struct TileRow: RegisterTile {
    @inline(__always) static var rows: Int { 1 }
    private var sums = PanelLanes.zero

    @inline(__always) init() {}

    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: PanelLanes) {
        sums.addProduct(PanelLanes(repeating: factors[first]), numbers)
    }

    @inline(__always)
    func forEachRow(from first: Int, _ body: (Int, PanelLanes) -> Void) { body(first, sums) }
}

/// One tile below another.
struct StackedTiles<Upper: RegisterTile, Lower: RegisterTile>: RegisterTile {
    @inline(__always) static var rows: Int { Upper.rows &+ Lower.rows }
    private var upper = Upper(), lower = Lower()

    @inline(__always) init() {}

    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: PanelLanes) {
        upper.addProducts(factors, from: first, numbers)
        lower.addProducts(factors, from: first &+ Upper.rows, numbers)
    }

    @inline(__always)
    func forEachRow(from first: Int, _ body: (Int, PanelLanes) -> Void) {
        upper.forEachRow(from: first, body)
        lower.forEachRow(from: first &+ Upper.rows, body)
    }
}

typealias TwoRows = StackedTiles<TileRow, TileRow>
typealias FourRows = StackedTiles<TwoRows, TwoRows>
typealias SixRows = StackedTiles<FourRows, TwoRows>
typealias EightRows = StackedTiles<FourRows, FourRows>
typealias TwelveRows = StackedTiles<EightRows, FourRows>
typealias SixteenRows = StackedTiles<EightRows, EightRows>

/// Whether tiles of more than six rows stay in registers.
@inline(__always) var hasWideRegisters: Bool { registerLaneCount == Panel.width }

/// The factors of a tile's rows.
protocol TileFactors {
    subscript(_ row: Int) -> Scalar { get }
}

/// Factors at equal distances.
struct StridedFactors: TileFactors {
    let base: Source, stride: Int

    @inline(__always) init(_ base: Source, _ stride: Int) {
        self.base = base
        self.stride = stride
    }

    @inline(__always) subscript(_ row: Int) -> Scalar { base[row &* stride] }
}

/// Factors of six rows, which may lie anywhere.
struct SixFactors: TileFactors {
    var base: Source
    private let o0, o1, o2, o3, o4, o5: Int

    /// - Parameter count: of the offsets, six at most; the last one stands for those that are missing.
    @inline(__always) init(_ base: Source, _ offsets: UnsafePointer<Int>, count: Int) {
        self.base = base
        let last = count &- 1
        o0 = offsets[0]
        o1 = offsets[min(1, last)]
        o2 = offsets[min(2, last)]
        o3 = offsets[min(3, last)]
        o4 = offsets[min(4, last)]
        o5 = offsets[min(5, last)]
    }

    @inline(__always) subscript(_ row: Int) -> Scalar {
        switch row {
        case 0: base[o0]
        case 1: base[o1]
        case 2: base[o2]
        case 3: base[o3]
        case 4: base[o4]
        default: base[o5]
        }
    }
}
