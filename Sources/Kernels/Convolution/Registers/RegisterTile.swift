/// Some rows of sums of one panel or of two, which stay in registers while products are added to them: the core of
/// every matrix product here.
///
/// Tiles are put together of smaller ones, and not of arrays or closures, because the compiler then keeps them in
/// registers: each row is a variable, and every index a constant. Six rows of a panel take twelve of AVX2's sixteen
/// registers, twelve rows of two panels twenty-four of AVX-512's thirty-two. Two panels share their factors: a tile of
/// one reads as often as it multiplies, and then waits for the L1 cache and not for the multipliers.
protocol RegisterTile {
    associatedtype Columns: TileColumns
    static var rows: Int { get }

    /// Zeros.
    init()

    /// sums[row] += factors[first + row] numbers
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: Columns)

    /// sums += other.sums
    mutating func add(_ other: Self)

    /// Calls `body(first + row, sums)` for each row.
    func forEachRow(from first: Int, _ body: (Int, Columns) -> Void)
}

extension RegisterTile {
    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, _ numbers: Columns) {
        addProducts(factors, from: 0, numbers)
    }

    /// sums[row] += sum over k of factors[row * 16 + k] numbers[k], for the sixteen k of a panel, whose numbers lie
    /// sixteen apart.
    ///
    /// Written out: in a loop the processor makes two instructions of every multiply-add that reads memory at an index.
    @inline(__always)
    mutating func addPanelProducts(_ factors: Source, _ numbers: Source, panelStride: Int) {
        addFourProducts(factors, numbers, panelStride)
        addFourProducts(factors + 4, numbers + 64, panelStride)
        addFourProducts(factors + 8, numbers + 128, panelStride)
        addFourProducts(factors + 12, numbers + 192, panelStride)
    }

    @inline(__always)
    private mutating func addFourProducts(_ factors: Source, _ numbers: Source, _ panelStride: Int) {
        addProducts(StridedFactors(factors, 16), Columns(numbers, panelStride: panelStride))
        addProducts(StridedFactors(factors + 1, 16), Columns(numbers + 16, panelStride: panelStride))
        addProducts(StridedFactors(factors + 2, 16), Columns(numbers + 32, panelStride: panelStride))
        addProducts(StridedFactors(factors + 3, 16), Columns(numbers + 48, panelStride: panelStride))
    }

    /// Writes the first `count` rows `rowStride` numbers apart, or adds them to what is there.
    @inline(__always)
    func write(
        _ target: Destination, _ rowStride: Int, panelStride: Int, adding: Bool, count: Int = Self.rows
    ) {
        forEachRow(from: 0) { row, sums in
            if row >= count { return }
            let place = target + row &* rowStride
            (adding ? Columns(Source(place), panelStride: panelStride) + sums : sums)
                .write(place, panelStride: panelStride)
        }
    }
}

/// A tile's row, or the numbers that are multiplied with the factors of all rows.
protocol TileColumns {
    static var panels: Int { get }
    static var zero: Self { get }

    /// Panels that begin `panelStride` numbers apart.
    init(_ source: Source, panelStride: Int)
    func write(_ target: Destination, panelStride: Int)

    mutating func addProduct(_ factor: Scalar, _ numbers: Self)
    static func + (a: Self, b: Self) -> Self
}

struct OnePanel: TileColumns {
    @inline(__always) static var panels: Int { 1 }
    @inline(__always) static var zero: OnePanel { OnePanel(numbers: .zero) }
    private var numbers: PanelLanes

    @inline(__always) private init(numbers: PanelLanes) { self.numbers = numbers }
    @inline(__always) init(_ source: Source, panelStride: Int) { numbers = load(source, as: PanelLanes.self) }
    @inline(__always) func write(_ target: Destination, panelStride: Int) { store(numbers, target) }

    @inline(__always)
    mutating func addProduct(_ factor: Scalar, _ other: OnePanel) {
        numbers.addProduct(PanelLanes(repeating: factor), other.numbers)
    }
    @inline(__always) static func + (a: OnePanel, b: OnePanel) -> OnePanel { OnePanel(numbers: a.numbers + b.numbers) }
}

/// Two side by side: for wide registers only.
struct SideBySide<Column: TileColumns>: TileColumns {
    @inline(__always) static var panels: Int { 2 }
    @inline(__always) static var zero: SideBySide { SideBySide(left: .zero, right: .zero) }
    private var left, right: Column

    @inline(__always)
    private init(left: Column, right: Column) {
        self.left = left
        self.right = right
    }
    @inline(__always)
    init(_ source: Source, panelStride: Int) {
        left = Column(source, panelStride: panelStride)
        right = Column(source + panelStride, panelStride: panelStride)
    }
    @inline(__always)
    func write(_ target: Destination, panelStride: Int) {
        left.write(target, panelStride: panelStride)
        right.write(target + panelStride, panelStride: panelStride)
    }

    @inline(__always)
    mutating func addProduct(_ factor: Scalar, _ other: SideBySide) {
        left.addProduct(factor, other.left)
        right.addProduct(factor, other.right)
    }
    @inline(__always)
    static func + (a: SideBySide, b: SideBySide) -> SideBySide {
        SideBySide(left: a.left + b.left, right: a.right + b.right)
    }
}
typealias TwoPanels = SideBySide<OnePanel>

struct TileRow<Columns: TileColumns>: RegisterTile {
    @inline(__always) static var rows: Int { 1 }
    private var sums = Columns.zero

    @inline(__always) init() {}

    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: Columns) {
        sums.addProduct(factors[first], numbers)
    }

    @inline(__always)
    mutating func add(_ other: TileRow) { sums = sums + other.sums }

    @inline(__always)
    func forEachRow(from first: Int, _ body: (Int, Columns) -> Void) { body(first, sums) }
}

/// One tile below another.
struct StackedTiles<Upper: RegisterTile, Lower: RegisterTile>: RegisterTile where Upper.Columns == Lower.Columns {
    typealias Columns = Upper.Columns
    @inline(__always) static var rows: Int { Upper.rows &+ Lower.rows }
    private var upper = Upper(), lower = Lower()

    @inline(__always) init() {}

    @inline(__always)
    mutating func addProducts<Factors: TileFactors>(_ factors: Factors, from first: Int, _ numbers: Columns) {
        upper.addProducts(factors, from: first, numbers)
        lower.addProducts(factors, from: first &+ Upper.rows, numbers)
    }

    @inline(__always)
    mutating func add(_ other: StackedTiles) {
        upper.add(other.upper)
        lower.add(other.lower)
    }

    @inline(__always)
    func forEachRow(from first: Int, _ body: (Int, Columns) -> Void) {
        upper.forEachRow(from: first, body)
        lower.forEachRow(from: first &+ Upper.rows, body)
    }
}

typealias TwoRows<Columns: TileColumns> = StackedTiles<TileRow<Columns>, TileRow<Columns>>
typealias FourRows<Columns: TileColumns> = StackedTiles<TwoRows<Columns>, TwoRows<Columns>>
typealias SixRows<Columns: TileColumns> = StackedTiles<FourRows<Columns>, TwoRows<Columns>>
typealias EightRows<Columns: TileColumns> = StackedTiles<FourRows<Columns>, FourRows<Columns>>
typealias TwelveRows<Columns: TileColumns> = StackedTiles<EightRows<Columns>, FourRows<Columns>>
typealias SixteenRows<Columns: TileColumns> = StackedTiles<EightRows<Columns>, EightRows<Columns>>

/// Whether tiles of two panels, or of more than six rows, stay in registers.
@inline(__always) var hasWideRegisters: Bool { registerLaneCount == Panel.width }

extension RegisterTile {
    /// Whether the tile has so few registers that each multiply-add would wait for the one before: then every other
    /// product goes to a second tile, which is added at the end.
    @inline(__always) static var wantsSecondTile: Bool { hasWideRegisters && rows &* Columns.panels < 8 }
}

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
