/// Two by two tiles of sums, and what is added to them: a matrix unit's eight registers. A tile of sums is 16 rows of 16
/// numbers of Float; a factor from the left is 16 rows of 32 numbers of bfloat16; one from the right is 16 rows of 16 pairs of
/// them, of which a pair's two belong to neighbouring columns of the left. So a product is 32 deep.
///
/// Rows are independent of one another: a row's sums have the same bits whatever the other rows hold.
protocol TileBlock {
    /// Takes the unit, for factors from the left and sums of so many rows, at most 16. What a kernel has taken it gives back
    /// with `end`, and in between it does nothing else that uses the unit.
    init(rows: Int)
    func end()

    /// All sums become zero.
    func clear()
    /// Adds products to the sums of a shape, one after the other.
    func addProducts(_ shape: TileBlockShape, _ left: LeftFactors, _ right: RightFactors, count: Int)
    /// Sets the sums to those at `source`, which `write` has written.
    func read(_ shape: TileBlockShape, _ source: UnsafePointer<Float>)
    /// Writes the tiles of a shape one after the other, row of tiles by row, each with 16 numbers a row.
    func write(_ shape: TileBlockShape, _ target: UnsafeMutablePointer<Float>)
}

/// Where the factors from the left begin: of the first row of tiles and of the next one, whose tiles' rows are `stride` bytes
/// apart; those of the next product are `step` bytes further. All rows of a tile can be read, those too that are not in use.
struct LeftFactors {
    let first, second: UnsafeRawPointer
    let stride, step: Int
}

/// Where the factors from the right begin, of the first column of tiles and of the next one; their rows are neighbours.
struct RightFactors {
    let first, second: UnsafeRawPointer
    let step: Int
}

/// What makes tiles on this processor.
enum TileMaker {
    case matrixUnit, registers, emulation
}

extension BFloat16Unit {
    /// What makes this unit's tiles here, be it by emulation; nil for no unit.
    var tileMaker: TileMaker? {
        switch self {
        case .none: nil
        case .registers: Self.hasPairs ? .registers : .emulation
        case .tiles: Self.best == .tiles ? .matrixUnit : .emulation
        }
    }
}

/// The part of a block that is in use.
enum TileBlockShape {
    case oneByOne, oneByTwo, twoByOne, twoByTwo

    init(rows: Int, columns: Int) {
        self = rows > 1 ? (columns > 1 ? .twoByTwo : .twoByOne) : (columns > 1 ? .oneByTwo : .oneByOne)
    }

    /// Rows, and columns, of tiles.
    var rows: Int { self == .twoByOne || self == .twoByTwo ? 2 : 1 }
    var columns: Int { self == .oneByTwo || self == .twoByTwo ? 2 : 1 }
}

/// The sizes of tiles.
enum Tile {
    /// Rows of sums and of factors from the left; columns of sums.
    static let rows = 16, columns = 16
    /// Numbers of sums.
    static let sums = 256
    /// Numbers of bfloat16 that a product sums over, and their pairs.
    static let depth = 32, pairs = 16
    /// Of one row of factors or sums.
    static let rowBytes = 64
    /// Of one factor or of sums.
    static let bytes = 1024

    /// So many numbers, filled up to whole tiles.
    static func blocks(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }
}
