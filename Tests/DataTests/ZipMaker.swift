import Formats

/// CRC-32 of ZIP and PNG, a bit at a time.
func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
    }
    return ~sum
}

func littleEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// A ZIP archive as `numpy.savez` and `numpy.savez_compressed` write it.
func zip(
    _ members: [(name: String, contents: [UInt8])], deflated: Bool = false, flags: UInt16 = 0, zip64: Bool = false
) -> [UInt8] {
    var file: [UInt8] = [], directory: [UInt8] = []
    for (name, contents) in members {
        // zlib's own header and checksum taken off.
        let packed = deflated ? Array(Gzip.deflate(contents, container: .zlib).dropFirst(2).dropLast(4)) : contents
        let offset = file.count, method: UInt16 = deflated ? 8 : 0
        let sizes =
            littleEndian(crc32(contents)) + littleEndian(UInt32(packed.count))
            + littleEndian(UInt32(contents.count))
        let common = littleEndian(flags) + littleEndian(method) + [0, 0, 0, 0]
        file += [0x50, 0x4b, 3, 4, 20, 0] + common + sizes + littleEndian(UInt16(name.utf8.count)) + [0, 0]
        file += Array(name.utf8) + packed
        let extra: [UInt8] =
            zip64
            ? [1, 0, 24, 0] + littleEndian(UInt64(contents.count)) + littleEndian(UInt64(packed.count))
                + littleEndian(UInt64(offset)) : []
        directory += [0x50, 0x4b, 1, 2, 20, 0, 20, 0] + common
        directory += zip64 ? littleEndian(crc32(contents)) + [UInt8](repeating: 0xff, count: 8) : sizes
        directory += littleEndian(UInt16(name.utf8.count)) + littleEndian(UInt16(extra.count))
        directory += [UInt8](repeating: 0, count: 10) + littleEndian(zip64 ? UInt32.max : UInt32(offset))
        directory += Array(name.utf8) + extra
    }
    let start = file.count, count = UInt16(members.count)
    file += directory
    return file + [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + littleEndian(count) + littleEndian(count)
        + littleEndian(UInt32(directory.count)) + littleEndian(UInt32(start)) + [0, 0]
}

/// An .npy file.
func npy(_ type: String, _ shape: [Int], _ elements: [UInt8], fortran: Bool = false) -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': \(type), 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(extents)), }"
    header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian(UInt16(header.utf8.count)) + Array(header.utf8)
        + elements
}
