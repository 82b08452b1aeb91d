import Glibc

/// Memory that is taken from the system piece by piece, each where the last one ends, and returned all at once.
///
/// Separate regions would each keep a rest that is too small for the next large block. So addresses are set aside in
/// long spans, which costs nothing, and only their used beginnings are backed by pages.
struct GrowingMemory {
    private struct Span {
        let start: UInt, length: Int
        var taken = 0
        var end: UInt { start + UInt(taken) }
    }

    private var spans: [Span] = []

    /// Bytes taken from the system.
    var reserved: Int { spans.reduce(0) { $0 + $1.taken } }

    /// Takes room for a block of `bytes`, given the free range at the highest address: it need not be taken again.
    /// Nil where the system has no more.
    mutating func grow(for bytes: Int, after last: FreeRanges.Range?) -> FreeRanges.Range? {
        if let span = spans.last {
            let missing = bytes - (last.flatMap { $0.end == span.end ? $0.bytes : nil } ?? 0)
            if let piece = take(missing) { return piece }
        }
        // A limit on addresses leaves less than a long span.
        guard let span = Self.setAside(max(Self.spanBytes, bytes)) ?? Self.setAside(bytes) else { return nil }
        spans.append(span)
        return take(bytes)
    }

    /// To be called once.
    func returnAll() {
        for span in spans { munmap(UnsafeMutableRawPointer(bitPattern: span.start), span.length) }
    }

    /// The next piece of the last span, if it has so much left.
    private mutating func take(_ bytes: Int) -> FreeRanges.Range? {
        let bytes = Self.wholePages(bytes), span = spans[spans.count - 1]
        guard bytes <= span.length - span.taken,
            mprotect(UnsafeMutableRawPointer(bitPattern: span.end), bytes, PROT_READ | PROT_WRITE) == 0
        else { return nil }
        spans[spans.count - 1].taken += bytes
        return .init(start: span.end, bytes: bytes)
    }

    private static let spanBytes = 4 << 30
    private static let hugePage = 2 << 20

    private static func wholePages(_ bytes: Int) -> Int { (bytes + hugePage - 1) / hugePage * hugePage }

    /// Addresses without memory, from a huge page's beginning; on huge pages where the system has them.
    private static func setAside(_ bytes: Int) -> Span? {
        let length = wholePages(bytes), padded = length + hugePage
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let pointer = mmap(nil, padded, PROT_NONE, flags, -1, 0), pointer != MAP_FAILED else { return nil }
        let address = UInt(bitPattern: pointer), start = UInt(wholePages(Int(address)))
        if start > address { munmap(pointer, Int(start - address)) }
        let end = start + UInt(length), rest = Int(address) + padded - Int(end)
        if rest > 0 { munmap(UnsafeMutableRawPointer(bitPattern: end), rest) }
        _ = madvise(UnsafeMutableRawPointer(bitPattern: start), length, MADV_HUGEPAGE)
        return Span(start: start, length: length)
    }
}
