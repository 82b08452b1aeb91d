/// SHA-256 as in FIPS 180-4, fed in pieces of any size.
public struct SHA256: Sendable {
    private var state = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
    private var pending = [UInt8](repeating: 0, count: 64)
    private var pendingCount = 0
    private var total: UInt64 = 0

    public init() {}

    /// Takes further bytes in.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        total &+= UInt64(bytes.count)
        var position = 0
        if pendingCount > 0 {
            let taken = min(64 - pendingCount, bytes.count)
            for i in 0..<taken { pending[pendingCount + i] = bytes[i] }
            pendingCount += taken
            position = taken
            guard pendingCount == 64 else { return }
            pending.withUnsafeBytes { compress(into: &state, $0.baseAddress.unsafelyUnwrapped, blocks: 1) }
            pendingCount = 0
        }
        let blocks = (bytes.count - position) / 64
        compress(into: &state, base + position, blocks: blocks)
        position += blocks * 64
        for i in position..<bytes.count {
            pending[pendingCount] = bytes[i]
            pendingCount += 1
        }
    }

    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The string's UTF-8 bytes, without a terminator.
    public mutating func update(_ text: String) {
        update(Array(text.utf8))
    }

    /// The integer's eight bytes, little-endian.
    public mutating func update(_ integer: UInt64) {
        withUnsafeBytes(of: integer.littleEndian) { update($0) }
    }

    /// The 32 bytes of the digest of everything so far. More may be added afterwards.
    public func finalize() -> [UInt8] {
        var copy = self
        let zeros = (119 - pendingCount) % 64
        copy.update([0x80] + [UInt8](repeating: 0, count: zeros))
        withUnsafeBytes(of: (total &* 8).bigEndian) { copy.update($0) }
        return (0..<32).map { UInt8(truncatingIfNeeded: copy.state[$0 / 4] >> UInt32(24 - 8 * ($0 % 4))) }
    }

    /// The digest as 64 lower-case hexadecimal digits.
    public func hexDigest() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The hash of all of the bytes, 64 hexadecimal digits.
    public static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.hexDigest()
    }

    public static func hexDigest(of bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { hexDigest(of: $0) }
    }
}

private func compress(into state: inout SIMD8<UInt32>, _ bytes: UnsafeRawPointer, blocks: Int) {
    guard blocks > 0 else { return }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
        roundConstants.withUnsafeBufferPointer { constants in
            for block in 0..<blocks {
                let start = bytes + 64 * block
                for i in 0..<16 {
                    words[i] = UInt32(bigEndian: start.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
                }
                for i in 16..<64 {
                    let x = words[i &- 15], y = words[i &- 2]
                    let sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x &>> 3)
                    let sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y &>> 10)
                    words[i] = words[i &- 16] &+ sigma0 &+ words[i &- 7] &+ sigma1
                }
                var a = state[0], b = state[1], c = state[2], d = state[3]
                var e = state[4], f = state[5], g = state[6], h = state[7]
                // Eight rounds with the names turned by one each time spare the eight moves a round.
                var i = 0
                while i < 64 {
                    round(a, b, c, &d, e, f, g, &h, constants[i] &+ words[i])
                    round(h, a, b, &c, d, e, f, &g, constants[i &+ 1] &+ words[i &+ 1])
                    round(g, h, a, &b, c, d, e, &f, constants[i &+ 2] &+ words[i &+ 2])
                    round(f, g, h, &a, b, c, d, &e, constants[i &+ 3] &+ words[i &+ 3])
                    round(e, f, g, &h, a, b, c, &d, constants[i &+ 4] &+ words[i &+ 4])
                    round(d, e, f, &g, h, a, b, &c, constants[i &+ 5] &+ words[i &+ 5])
                    round(c, d, e, &f, g, h, a, &b, constants[i &+ 6] &+ words[i &+ 6])
                    round(b, c, d, &e, f, g, h, &a, constants[i &+ 7] &+ words[i &+ 7])
                    i &+= 8
                }
                state = state &+ SIMD8(a, b, c, d, e, f, g, h)
            }
        }
    }
}

@inline(__always)
private func rotate(_ x: UInt32, _ bits: UInt32) -> UInt32 { (x &>> bits) | (x &<< (32 &- bits)) }

@inline(__always)
private func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
    _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ addend: UInt32
) {
    let choice = (e & f) ^ (~e & g)
    let majority = (a & b) ^ (a & c) ^ (b & c)
    let first = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ addend
    d = d &+ first
    h = first &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
}

private let roundConstants: [UInt32] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]
