import CBFloat16

/// Brings numbers into tiles and out of them, rounded to bfloat16 on the way.
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

    /// Pairs of a number of the first row and one of the second, for sixteen columns from `place` on of rows of `length`;
    /// zeros beside them, and where there is no row.
    @inline(__always)
    static func pairs(_ first: Source?, _ second: Source?, from place: Int, of length: Int) -> Words {
        let low = first.map { words($0, from: place, of: length) } ?? .zero
        let high = second.map { words($0, from: place, of: length) } ?? .zero
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

    /// Writes the first numbers of a row of sums.
    @inline(__always)
    static func write(_ count: Int, _ row: UnsafePointer<Float>, to target: Destination) {
        if count == Tile.columns {
            let sums = UnsafeRawPointer(row).loadUnaligned(as: SIMD16<Float>.self)
            #if PAG_DOUBLE
                store(PanelLanes(sums), target)
            #else
                store(sums, target)
            #endif
        } else {
            for i in 0..<count { target[i] = Scalar(row[i]) }
        }
    }

    /// Numbers rounded to bfloat16, in the upper halves.
    @inline(__always)
    private static func words(_ x: Source) -> Words { words(of: load(x, as: PanelLanes.self)) }

    @inline(__always)
    private static func words(_ x: Source, from place: Int, of length: Int) -> Words {
        place >= 0 && place &+ 16 <= length ? words(x + place) : words(atEndOf: x, from: place, of: length)
    }

    private static func words(atEndOf x: Source, from place: Int, of length: Int) -> Words {
        var lanes = PanelLanes.zero
        for i in max(0, -place)..<max(0, -place, min(16, length - place)) { lanes[i] = x[place + i] }
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
    private static func halves(_ words: Words) -> SIMD16<UInt16> { pag_upper_halves(words) }
}
