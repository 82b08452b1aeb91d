import Formats
import Randomness
import Testing

@Suite struct PNGTests {
    /// The checksum of PNG chunks, bit by bit as in ISO/IEC 15948, annex D.
    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        return ~crc
    }

    private func bigEndian(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    @Test(arguments: [(1, 1, 1), (1, 1, 3), (7, 5, 1), (5, 9, 3), (64, 64, 3)])
    func roundTrip(width: Int, height: Int, channels: Int) throws {
        var random = RandomStream(seed: 6, purpose: .test)
        let pixels = (0..<width * height * channels).map { _ in UInt8(random.below(256)) }
        let file = RasterImage(width: width, height: height, channels: channels, pixels: pixels).png()
        #expect(file.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))

        var chunks: [(type: String, data: [UInt8])] = []
        var position = 8
        while position < file.count {
            let length = bigEndian(file[position..<position + 4])
            let body = Array(file[position + 4..<position + 8 + length])
            #expect(bigEndian(file[position + 8 + length..<position + 12 + length]) == Int(crc32(body)))
            chunks.append((String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4))))
            position += 12 + length
        }
        try #require(chunks.map(\.type) == ["IHDR", "IDAT", "IEND"])
        let header: [UInt8] = [0, 0, 0, UInt8(width), 0, 0, 0, UInt8(height), 8, channels == 3 ? 2 : 0, 0, 0, 0]
        #expect(chunks[0].data == header)

        let rowBytes = width * channels
        let rows = try chunks[1].data.withUnsafeBytes {
            try Gzip.inflate($0, limit: height * (rowBytes + 1), source: "IDAT", container: .zlib)
        }
        var decoded: [UInt8] = []
        for row in 0..<height {
            let filtered = rows[row * (rowBytes + 1)..<(row + 1) * (rowBytes + 1)]
            try #require(filtered.first == 1)
            var line: [UInt8] = []
            for (i, byte) in filtered.dropFirst().enumerated() {
                line.append(byte &+ (i < channels ? 0 : line[i - channels]))
            }
            decoded += line
        }
        #expect(decoded == pixels)
    }
}
