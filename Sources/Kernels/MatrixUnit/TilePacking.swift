import CMatrixUnit

/// Brings numbers into the tiles that the matrix unit reads, rounded to bfloat16 on the way.
enum TilePacking {
    /// 64 bytes: sixteen pairs of bfloat16, the first of a pair in the lower half.
    typealias Words = SIMD16<UInt32>

    /// Rounds neighbouring numbers, into as many of bfloat16.
    @inline(__always)
    static func row(_ count: Int, _ x: Source, _ out: UnsafeMutableRawPointer) {
        var i = 0
        while i &+ 16 <= count {
            out.storeBytes(of: halves(words(x + i)), toByteOffset: 2 &* i, as: SIMD16<UInt16>.self)
            i &+= 16
        }
        while i < count {
            out.storeBytes(of: halves(words(of: x[i]))[0], toByteOffset: 2 &* i, as: UInt16.self)
            i &+= 1
        }
    }

    /// Pairs of a number of the first row and one of the second, for up to sixteen columns; zeros in the others, and where
    /// there is no row.
    @inline(__always)
    static func pairs(_ count: Int, _ first: Source?, _ second: Source?) -> Words {
        let low = first.map { words($0, count) } ?? .zero, high = second.map { words($0, count) } ?? .zero
        return (low &>> 16) | (high & Words(repeating: 0xffff_0000))
    }

    /// Sixteen rows of sixteen words with rows and columns exchanged, in place.
    @inline(__always)
    static func transpose(_ rows: UnsafeMutablePointer<Words>) {
        withUnsafeTemporaryAllocation(of: Words.self, capacity: 16) { room in
            guard let other = room.baseAddress else { return }
            // Each round exchanges one of the four bits of the rows' and the columns' numbers.
            zip(rows, other)
            zip(other, rows)
            zip(rows, other)
            zip(other, rows)
        }
    }

    @inline(__always)
    private static func zip(_ rows: UnsafeMutablePointer<Words>, _ out: UnsafeMutablePointer<Words>) {
        for i in 0..<8 {
            out[2 &* i] = pag_zip_low(rows[i], rows[i &+ 8])
            out[2 &* i &+ 1] = pag_zip_high(rows[i], rows[i &+ 8])
        }
    }

    /// A row of a tile of sums.
    @inline(__always)
    static func sums(_ row: UnsafePointer<Float>) -> PanelLanes {
        let sums = UnsafeRawPointer(row).loadUnaligned(as: SIMD16<Float>.self)
        #if PAG_DOUBLE
            return PanelLanes(sums)
        #else
            return sums
        #endif
    }

    /// Numbers rounded to bfloat16, in the upper halves.
    @inline(__always)
    private static func words(_ x: Source) -> Words { words(of: load(x, as: PanelLanes.self)) }

    @inline(__always)
    private static func words(_ x: Source, _ count: Int) -> Words {
        if count >= 16 { return words(x) }
        var lanes = PanelLanes.zero
        for i in 0..<count { lanes[i] = x[i] }
        return words(of: lanes)
    }

    @inline(__always)
    private static func words(of x: Scalar) -> Words { words(of: PanelLanes(repeating: x)) }

    @inline(__always)
    private static func words(of x: PanelLanes) -> Words {
        #if PAG_DOUBLE
            unsafeBitCast(SIMD16<Float>(roundedToBFloat16(x)), to: Words.self)
        #else
            unsafeBitCast(roundedToBFloat16(x), to: Words.self)
        #endif
    }

    @inline(__always)
    private static func halves(_ words: Words) -> SIMD16<UInt16> { SIMD16(truncatingIfNeeded: words &>> 16) }
}
