import Glibc

/// Ten rounds of Philox4x32: a bijection of the counter under the key.
func philox4x32(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter, k = key
    for _ in 0..<10 {
        let p0 = UInt64(0xD251_1F53) * UInt64(c.x)
        let p1 = UInt64(0xCD9E_8D57) * UInt64(c.z)
        c = SIMD4(
            UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
            UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
        k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return c
}

func naturalLogarithm(_ x: Double) -> Double { log(x) }
func cosine(_ x: Double) -> Double { cos(x) }
