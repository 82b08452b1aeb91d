import Glibc

/// Blocks of memory out of large regions that are taken from the system as needed and returned all at once.
///
/// A block that comes back waits for the next request of its size, which is what the next step will make, and is then
/// still in the cache. Only where that would take more from the system are waiting blocks joined with their
/// neighbours and cut anew.
struct BlockArena {
    private struct Range {
        var start: UInt, bytes: Int
        var end: UInt { start + UInt(bytes) }
    }

    /// Waiting blocks by size, the last one to come back at the end.
    private var waiting: [Int: [UInt]] = [:]
    /// Memory that is cut as it is asked for, by address; no two ranges touch after `join`.
    private var ranges: [Range] = []
    private var regions: [Range] = []
    private let regionBytes: Int

    /// Bytes taken from the system.
    var reserved: Int { regions.reduce(0) { $0 + $1.bytes } }

    /// - Parameter regionBytes: what is taken from the system at least, a multiple of 2 MB.
    init(regionBytes: Int) { self.regionBytes = regionBytes }

    /// The address of a block, or nil where the system has no more. `bytes` must be a multiple of 64.
    mutating func take(_ bytes: Int) -> UInt? {
        if let block = waiting[bytes]?.popLast() { return block }
        if let block = cut(bytes) { return block }
        join()
        if let block = cut(bytes) { return block }
        let hugePage = 2 << 20
        guard let region = Self.map(max(regionBytes, (bytes + hugePage - 1) / hugePage * hugePage)) else { return nil }
        regions.append(region)
        insert([region])
        return cut(bytes)
    }

    mutating func giveBack(_ block: UInt, _ bytes: Int) { waiting[bytes, default: []].append(block) }

    /// To be called once, when no block is in use.
    func returnAll() {
        for region in regions { munmap(UnsafeMutableRawPointer(bitPattern: region.start), region.bytes) }
    }

    /// The beginning of the smallest range that is large enough.
    private mutating func cut(_ bytes: Int) -> UInt? {
        let fitting = ranges.indices.filter { ranges[$0].bytes >= bytes }
        guard let place = fitting.min(by: { ranges[$0].bytes < ranges[$1].bytes }) else { return nil }
        let start = ranges[place].start
        if ranges[place].bytes == bytes {
            ranges.remove(at: place)
        } else {
            ranges[place].start += UInt(bytes)
            ranges[place].bytes -= bytes
        }
        return start
    }

    private mutating func join() {
        insert(waiting.flatMap { size, blocks in blocks.map { Range(start: $0, bytes: size) } })
        waiting = [:]
    }

    private mutating func insert(_ new: [Range]) {
        ranges = (ranges + new).sorted { $0.start < $1.start }.reduce(into: []) { joined, range in
            if let last = joined.last, last.end == range.start {
                joined[joined.count - 1].bytes += range.bytes
            } else {
                joined.append(range)
            }
        }
    }

    /// Fresh memory, on huge pages where the system has them.
    private static func map(_ bytes: Int) -> Range? {
        let pointer = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pointer, pointer != MAP_FAILED else { return nil }
        _ = madvise(pointer, bytes, MADV_HUGEPAGE)
        return Range(start: UInt(bitPattern: pointer), bytes: bytes)
    }
}
