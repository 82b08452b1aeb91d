/// Asks memory for the part of a batch that the next block of tiles will touch, a little at a time while the products
/// of this block are computed: asked for at once, or when it is needed, it would be waited for.
struct TileFetch {
    private let start: Source
    private let tiles: WinogradTiles
    private let rowsBeyond: Int
    private let isWritten: Bool
    /// Numbers after which the memory begins again.
    private let period: Int
    /// Numbers asked for, those to be asked for before the next block, and those of one step.
    private var done = 0, goal = 0, step = 0

    /// - Parameters:
    ///   - rowsBeyond: rows that a tile reads beyond those that the next row of tiles begins with.
    ///   - images: so many, which those of the batch meet in turn; or nil, if there is one for each.
    init(_ start: Source, _ tiles: WinogradTiles, rowsBeyond: Int = 0, isWritten: Bool = false, images: Int? = nil) {
        self.start = start
        self.tiles = tiles
        self.rowsBeyond = rowsBeyond
        self.isWritten = isWritten
        period = images.map { max(1, $0 * tiles.imageCount) } ?? .max
    }

    /// All that tiles up to `tile` touch is to be asked for in so many steps.
    mutating func aim(at tile: Int, steps: Int) {
        goal = tiles.count(upTo: tile, rowsBeyond: rowsBeyond)
        step = (goal - done + steps - 1) / steps
    }

    @inline(__always)
    mutating func advance() {
        if done >= goal { return }
        let first = start + (period == .max ? done : done % period)
        // In whole cache lines. A step may run over the end of a period: the address need not exist.
        let count = (min(step, goal &- done) &+ 15) & ~15, end = first + count
        done &+= count
        var line = first
        if isWritten {
            while line < end { prefetchToWrite(line); line += 16 }
        } else {
            while line < end { prefetch(line); line += 16 }
        }
    }
}
