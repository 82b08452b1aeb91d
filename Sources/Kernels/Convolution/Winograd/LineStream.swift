/// Lines of memory to be asked for a few at a time, while something else is computed: many at once would wait for one
/// another, and what is computed for them.
struct LineStream {
    private var line: Source
    /// Lines that are left.
    private(set) var count: Int
    private let isWritten: Bool

    /// - Parameter isWritten: whether they are asked for to be written. The addresses need not exist.
    init(_ line: Source, count: Int, isWritten: Bool) {
        self.line = line
        self.count = count
        self.isWritten = isWritten
    }

    /// Asks for the next `count` lines, or for as many as are left.
    @inline(__always)
    mutating func ask(_ count: Int) {
        let asked = min(count, self.count), end = line + asked &* 16
        self.count &-= asked
        if isWritten {
            while line < end { prefetchToWrite(line); line += 16 }
        } else {
            while line < end { prefetch(line); line += 16 }
        }
    }

    func askForAll() {
        var all = self
        all.ask(count)
    }
}
