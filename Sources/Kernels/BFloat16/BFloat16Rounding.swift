/// out = x rounded to bfloat16, to nearest and to even in a tie, for `count` numbers; `out` may be `x`. Eight bits of
/// significand, and Float's exponents: what is beyond the largest number, 3.39e38, becomes infinite. NaN stays NaN.
public func roundToBFloat16(_ count: Int, _ x: Source, _ out: Destination) {
    var i = 0
    while i &+ PanelLanes.scalarCount <= count {
        store(roundedToBFloat16(load(x + i, as: PanelLanes.self)), out + i)
        i &+= PanelLanes.scalarCount
    }
    while i < count {
        out[i] = roundedToBFloat16(PanelLanes(repeating: x[i]))[0]
        i &+= 1
    }
}

/// The bits of the significand that bfloat16 does not have.
private let droppedBits = Scalar.RawSignificand(Scalar.significandBitCount - 7)

@inline(__always)
func roundedToBFloat16(_ x: PanelLanes) -> PanelLanes {
    typealias Patterns = SIMD16<Scalar.RawSignificand>
    let bits = unsafeBitCast(x, to: Patterns.self)
    let half = (Scalar.RawSignificand(1) &<< (droppedBits &- 1)) &- 1
    let isOdd = (bits &>> Patterns(repeating: droppedBits)) & Patterns(repeating: 1)
    // A carry out of the significand is the next exponent's, and out of the largest one is infinity.
    let nearest = bits &+ Patterns(repeating: half) &+ isOdd
    let cut = nearest & Patterns(repeating: ~((Scalar.RawSignificand(1) &<< droppedBits) &- 1))
    // The sum above would carry a NaN's payload into its sign.
    return unsafeBitCast(cut, to: PanelLanes.self).replacing(with: x, where: x .!= x)
}
