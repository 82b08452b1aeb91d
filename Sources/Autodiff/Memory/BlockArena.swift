/// Blocks of memory out of room that grows as needed and is returned all at once.
struct BlockArena {
    /// When blocks that come back are joined with free neighbours.
    enum Joining {
        /// Room stays in as few pieces as can be: for blocks that are large beside the cache.
        case atOnce
        /// A block waits for the next request of its size, which is what the next step will make, and is then still in
        /// the cache. Only where that would take more from the system are waiting blocks joined and cut anew.
        case whereNeeded
    }

    private let joining: Joining
    /// Waiting blocks by size, the last one to come back at the end.
    private var waiting: [Int: [UInt]] = [:]
    /// Room that is cut as it is asked for.
    private var free = FreeRanges()
    private var memory = GrowingMemory()

    /// Bytes taken from the system.
    var reserved: Int { memory.reserved }

    init(_ joining: Joining) { self.joining = joining }

    /// The address of a block, or nil where the system has no more. `bytes` must be a multiple of 64.
    mutating func take(_ bytes: Int) -> UInt? {
        if let block = waiting[bytes]?.popLast() { return block }
        if let block = free.cut(bytes) { return block }
        for (size, blocks) in waiting {
            for block in blocks { free.insert(.init(start: block, bytes: size)) }
        }
        waiting = [:]
        if let block = free.cut(bytes) { return block }
        guard let room = memory.grow(for: bytes, after: free.last) else { return nil }
        free.insert(room)
        return free.cut(bytes)
    }

    mutating func giveBack(_ block: UInt, _ bytes: Int) {
        switch joining {
        case .atOnce: free.insert(.init(start: block, bytes: bytes))
        case .whereNeeded: waiting[bytes, default: []].append(block)
        }
    }

    /// To be called once, when no block is in use.
    func returnAll() { memory.returnAll() }
}
