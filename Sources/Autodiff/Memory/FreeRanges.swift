/// Ranges of addresses that nobody uses, in order; no two of them touch.
struct FreeRanges {
    struct Range {
        var start: UInt, bytes: Int
        var end: UInt { start + UInt(bytes) }
    }

    private var ranges: [Range] = []

    var last: Range? { ranges.last }

    mutating func insert(_ new: Range) {
        var low = 0, high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].start < new.start { low = middle + 1 } else { high = middle }
        }
        let touchesNext = low < ranges.count && new.end == ranges[low].start
        if low > 0, ranges[low - 1].end == new.start {
            ranges[low - 1].bytes += new.bytes
            if touchesNext { ranges[low - 1].bytes += ranges.remove(at: low).bytes }
        } else if touchesNext {
            ranges[low] = Range(start: new.start, bytes: new.bytes + ranges[low].bytes)
        } else {
            ranges.insert(new, at: low)
        }
    }

    /// The beginning of the smallest range that is large enough, the first of several.
    mutating func cut(_ bytes: Int) -> UInt? {
        var best: Int?
        for place in ranges.indices where ranges[place].bytes >= bytes {
            if let known = best, ranges[known].bytes <= ranges[place].bytes { continue }
            best = place
        }
        guard let best else { return nil }
        let start = ranges[best].start
        if ranges[best].bytes == bytes {
            ranges.remove(at: best)
        } else {
            ranges[best].start += UInt(bytes)
            ranges[best].bytes -= bytes
        }
        return start
    }
}
