import CLanes
import Glibc

/// e^x in every lane.
///
/// In Float by x = n ln 2 + r and a minimax polynomial in r (Cephes, S. Moshier): within 2 units in the last place, 0
/// below -87.3 and infinity above 88.3. In Double the library's, lane by lane.
@inline(__always) func exponential(_ x: RegisterLanes) -> RegisterLanes {
    #if PAG_DOUBLE
        var result = RegisterLanes.zero
        for lane in 0..<registerLaneCount { result[lane] = exp(x[lane]) }
        return result
    #else
        let least = RegisterLanes(repeating: -87.336_54), most = RegisterLanes(repeating: 88.376_26)
        // Comparisons with a NaN are false, so it stays.
        let above = pag_choose_less(x, least, least, x), bounded = pag_choose_less(most, above, most, above)
        let n = (bounded * 1.442_695_04).rounded(.toNearestOrEven)
        // ln 2 in two parts, so that the difference is exact.
        let r = bounded.addingProduct(n, RegisterLanes(repeating: -0.693_359_375))
            .addingProduct(n, RegisterLanes(repeating: 2.121_944_40e-4))
        var p = RegisterLanes(repeating: 1.987_569_15e-4)
        p = RegisterLanes(repeating: 1.398_199_95e-3).addingProduct(p, r)
        p = RegisterLanes(repeating: 8.333_451_907e-3).addingProduct(p, r)
        p = RegisterLanes(repeating: 4.166_579_59e-2).addingProduct(p, r)
        p = RegisterLanes(repeating: 1.666_666_546e-1).addingProduct(p, r)
        p = RegisterLanes(repeating: 5.000_000_12e-1).addingProduct(p, r)
        p = (r + 1).addingProduct(p, r * r)
        // Adding 1.5 * 2^23 leaves n in the low bits; converting lanes to integers would go through scalars.
        let exponent = unsafeBitCast(n + 12_582_912, to: RegisterLanes.MaskStorage.self)
        let power = unsafeBitCast((exponent &+ 127) &<< 23, to: RegisterLanes.self)
        let finite = pag_choose_less(x, least, .zero, p * power)
        return pag_choose_less(most, x, RegisterLanes(repeating: .infinity), finite)
    #endif
}

/// The standard normal's density phi and distribution function Phi in every lane.
///
/// In Float by the tail formula 26.2.17 of Abramowitz and Stegun, which shares its exponential with the density:
/// |error of Phi| < 1e-7. In Double the library's erfc.
@inline(__always) func normal(_ x: RegisterLanes) -> (density: RegisterLanes, distribution: RegisterLanes) {
    let density = exponential(x * x * -0.5) * 0.398_942_280_401_432_68
    #if PAG_DOUBLE
        var distribution = RegisterLanes.zero
        for lane in 0..<registerLaneCount { distribution[lane] = 0.5 * erfc(-x[lane] * 0.707_106_781_186_547_52) }
        return (density, distribution)
    #else
        let magnitude = pag_choose_less(x, .zero, -x, x)
        let t = 1 / RegisterLanes(repeating: 1).addingProduct(magnitude, RegisterLanes(repeating: 0.231_641_9))
        var p = RegisterLanes(repeating: 1.330_274_429)
        p = RegisterLanes(repeating: -1.821_255_978).addingProduct(p, t)
        p = RegisterLanes(repeating: 1.781_477_937).addingProduct(p, t)
        p = RegisterLanes(repeating: -0.356_563_782).addingProduct(p, t)
        p = RegisterLanes(repeating: 0.319_381_530).addingProduct(p, t)
        let tail = density * p * t
        return (density, pag_choose_less(x, .zero, tail, 1 - tail))
    #endif
}

/// A function of each number by itself. A type and not a closure, which would be called once a register, and would read
/// its constants again each time.
protocol LaneFunction {
    func callAsFunction(_ x: RegisterLanes) -> RegisterLanes
}

/// out = function(x) for `count` numbers. The last ones go through a padded register, so that a number's result does
/// not depend on its place.
func mapLanes<Function: LaneFunction>(_ count: Int, _ x: Source, _ out: Destination, _ function: Function) {
    var i = 0
    while i &+ registerLaneCount <= count {
        store(function(load(x + i, as: RegisterLanes.self)), out + i)
        i &+= registerLaneCount
    }
    guard i < count else { return }
    var rest = RegisterLanes.zero
    for j in i..<count { rest[j &- i] = x[j] }
    rest = function(rest)
    for j in i..<count { out[j] = rest[j &- i] }
}
