/// The 64-bit xxHash of the bytes (Yann Collet, XXH64 in the xxHash specification): fast, and sensitive to order and
/// to pairs of equal changes, which sums and exclusive-ors are not. No protection against intent.
public func xxHash64(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    let count = bytes.count
    var offset = 0
    var hash: UInt64
    if count >= 32 {
        var lanes = SIMD4<UInt64>(seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1)
        while offset &+ 32 <= count {
            for lane in 0..<4 {
                let word = bytes.loadUnaligned(fromByteOffset: offset &+ 8 &* lane, as: UInt64.self)
                lanes[lane] = round(lanes[lane], word.littleEndian)
            }
            offset = offset &+ 32
        }
        hash = rotated(lanes.x, 1) &+ rotated(lanes.y, 7) &+ rotated(lanes.z, 12) &+ rotated(lanes.w, 18)
        for lane in 0..<4 { hash = (hash ^ round(0, lanes[lane])) &* prime1 &+ prime4 }
    } else {
        hash = seed &+ prime5
    }
    hash = hash &+ UInt64(count)
    while offset + 8 <= count {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        hash = rotated(hash ^ round(0, word), 27) &* prime1 &+ prime4
        offset += 8
    }
    if offset + 4 <= count {
        let word = UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian)
        hash = rotated(hash ^ (word &* prime1), 23) &* prime2 &+ prime3
        offset += 4
    }
    while offset < count {
        hash = rotated(hash ^ (UInt64(bytes[offset]) &* prime5), 11) &* prime1
        offset += 1
    }
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
}

private let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
private let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
private let prime3: UInt64 = 0x1656_67B1_9E37_79F9
private let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
private let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

@inline(__always)
private func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 &- bits) }

@inline(__always)
private func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotated(lane &+ word &* prime2, 31) &* prime1 }
