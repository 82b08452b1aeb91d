/// The sum of `term(0)`, ..., `term(count - 1)` in Double, in eight strands that are joined at the end: one strand
/// would wait for each addition. The order depends on `count` alone.
@inlinable @inline(__always)
public func doubleSum(_ count: Int, _ term: (Int) -> Double) -> Double {
    var strands = SIMD8<Double>.zero
    var i = 0
    while i &+ 8 <= count {
        var next = SIMD8<Double>.zero
        for strand in 0..<8 { next[strand] = term(i &+ strand) }
        strands += next
        i &+= 8
    }
    var total = strands.sum()
    while i < count {
        total += term(i)
        i &+= 1
    }
    return total
}
