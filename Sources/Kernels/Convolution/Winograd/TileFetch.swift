/// The part of a batch that the next block of tiles will touch, to be asked for in steps while this block is computed.
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

    /// What is to be asked for in the next step.
    mutating func next() -> LineStream {
        let first = start + (period == .max ? done : done % period)
        // In whole cache lines. A step may run over the end of a period.
        let lines = max(0, min(step, goal &- done) &+ 15) / 16
        done &+= lines &* 16
        return LineStream(first, count: lines, isWritten: isWritten)
    }
}

/// Some of them, which take turns.
struct TileFetches {
    private var fetches: [TileFetch] = []
    private var turn = 0

    mutating func append(_ fetch: TileFetch) { fetches.append(fetch) }

    /// All that tiles up to `tile` touch is to be asked for in so many steps.
    mutating func aim(at tile: Int, steps: Int) {
        for i in fetches.indices { fetches[i].aim(at: tile, steps: max(1, steps / fetches.count)) }
    }

    /// What is to be asked for in the next step.
    mutating func next() -> LineStream? {
        if fetches.isEmpty { return nil }
        turn = (turn &+ 1) % fetches.count
        return fetches[turn].next()
    }
}
