/// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4), as TFRecord files use it.
/// zlib's crc32 has another polynomial.
public struct CRC32C: Sendable {
    private var register: UInt32 = .max

    public init() {}

    /// The check value of everything so far.
    public var value: UInt32 { ~register }

    /// Takes further bytes in.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = register
        var position = 0
        tables.withUnsafeBufferPointer { tables in
            // Eight bytes at a time: a table for each distance from the end of the eight ("slicing by 8").
            while bytes.count - position >= 8 {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian ^ UInt64(crc)
                crc = 0
                for i in 0..<8 {
                    crc ^= tables[(7 - i) * 256 + Int(UInt8(truncatingIfNeeded: word >> UInt64(8 * i)))]
                }
                position += 8
            }
            while position < bytes.count {
                crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[position])]
                position += 1
            }
        }
        register = crc
    }

    /// The checksum of all of the bytes.
    public static func value(of bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        bytes.withUnsafeBytes { crc.update($0) }
        return crc.value
    }
}

/// Entry i of table t is the remainder of byte i followed by t zero bytes, bits reflected.
private let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for i in 0..<256 {
        var remainder = UInt32(i)
        for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82f6_3b78 : 0) }
        tables[i] = remainder
    }
    for i in 256..<tables.count {
        tables[i] = tables[i - 256] >> 8 ^ tables[Int(tables[i - 256] & 0xff)]
    }
    return tables
}()
