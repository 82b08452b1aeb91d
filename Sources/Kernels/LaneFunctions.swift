import Glibc

/// e^x in every lane.
///
/// In Float by x = n ln 2 + r and a minimax polynomial in r (Cephes, S. Moshier): within 2 units in the last place, 0
/// below -87.3 and infinity above 88.3. In Double the library's, lane by lane.
@inline(__always) func exponential(_ x: Lanes) -> Lanes {
    #if PAG_DOUBLE
        var result = Lanes.zero
        for lane in 0..<laneCount { result[lane] = exp(x[lane]) }
        return result
    #else
        let bounded = x.minimum(Lanes(repeating: 88.376_26)).maximum(Lanes(repeating: -87.336_54))
        let n = (bounded * 1.442_695_04).rounded(.toNearestOrEven)
        // ln 2 in two parts, so that the difference is exact.
        let r = bounded.addingProduct(n, Lanes(repeating: -0.693_359_375))
            .addingProduct(n, Lanes(repeating: 2.121_944_40e-4))
        var p = Lanes(repeating: 1.987_569_15e-4)
        p = Lanes(repeating: 1.398_199_95e-3).addingProduct(p, r)
        p = Lanes(repeating: 8.333_451_907e-3).addingProduct(p, r)
        p = Lanes(repeating: 4.166_579_59e-2).addingProduct(p, r)
        p = Lanes(repeating: 1.666_666_546e-1).addingProduct(p, r)
        p = Lanes(repeating: 5.000_000_12e-1).addingProduct(p, r)
        p = (r + 1).addingProduct(p, r * r)
        // Adding 1.5 * 2^23 leaves n in the low bits; converting lanes to integers would go through scalars.
        let exponent = unsafeBitCast(n + 12_582_912, to: SIMD8<Int32>.self)
        let power = unsafeBitCast((exponent &+ 127) &<< 23, to: Lanes.self)
        return (p * power).replacing(with: 0, where: x .< -87.336_54)
            .replacing(with: .infinity, where: x .> 88.376_26).replacing(with: x, where: x .!= x)
    #endif
}

/// The standard normal's density phi and distribution function Phi in every lane.
///
/// In Float by the tail formula 26.2.17 of Abramowitz and Stegun, which shares its exponential with the density:
/// |error of Phi| < 1e-7. In Double the library's erfc.
@inline(__always) func normal(_ x: Lanes) -> (density: Lanes, distribution: Lanes) {
    let density = exponential(x * x * -0.5) * 0.398_942_280_401_432_68
    #if PAG_DOUBLE
        var distribution = Lanes.zero
        for lane in 0..<laneCount { distribution[lane] = 0.5 * erfc(-x[lane] * 0.707_106_781_186_547_52) }
        return (density, distribution)
    #else
        let magnitude = x.maximum(-x)
        let t = 1 / Lanes(repeating: 1).addingProduct(magnitude, Lanes(repeating: 0.231_641_9))
        var p = Lanes(repeating: 1.330_274_429)
        p = Lanes(repeating: -1.821_255_978).addingProduct(p, t)
        p = Lanes(repeating: 1.781_477_937).addingProduct(p, t)
        p = Lanes(repeating: -0.356_563_782).addingProduct(p, t)
        p = Lanes(repeating: 0.319_381_530).addingProduct(p, t)
        let tail = density * p * t
        return (density, tail.replacing(with: 1 - tail, where: x .>= 0))
    #endif
}

/// A function of each number by itself. A type and not a closure, which would be called once a register, and would read
/// its constants again each time.
protocol LaneFunction {
    func callAsFunction(_ x: Lanes) -> Lanes
}

/// out = function(x) for `count` numbers. The last ones go through a padded register, so that a number's result does
/// not depend on its place.
func mapLanes<Function: LaneFunction>(_ count: Int, _ x: Source, _ out: Destination, _ function: Function) {
    var i = 0
    while i &+ laneCount <= count {
        store(function(load(x + i)), out + i)
        i &+= laneCount
    }
    guard i < count else { return }
    var rest = Lanes.zero
    for j in i..<count { rest[j &- i] = x[j] }
    rest = function(rest)
    for j in i..<count { out[j] = rest[j &- i] }
}
