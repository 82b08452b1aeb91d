/// Sixteen channels side by side. Operands of the convolution kernels are packed as [channels/16][...][16], so that
/// a register tile reads all of them from consecutive addresses; the last panel is filled up with zeros.
enum Panel {
    @inline(__always) static var width: Int { 16 }
    static func count(_ channels: Int) -> Int { (channels + width - 1) / width }
    static func padded(_ channels: Int) -> Int { count(channels) * width }

    /// `count` numbers, rounded up so that what follows them in a scratch buffer is 64-byte aligned.
    static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Cuts panels into those that a register tile takes together: two, where wide registers have room for them and
    /// the caller does not want single ones.
    @inline(__always)
    static func forEachGroup(_ panels: Int, single: Bool = false, _ body: (_ first: Int, _ count: Int) -> Void) {
        var first = 0
        while first < panels {
            let count = hasWideRegisters && !single && first &+ 2 <= panels ? 2 : 1
            body(first, count)
            first &+= count
        }
    }
}
