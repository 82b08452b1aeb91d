import Failures
import Formats
import Randomness
import TestSupport
import Testing

@Suite struct GzipTests {
    private func inflate(
        _ bytes: [UInt8], limit: Int = 1 << 20, _ container: Gzip.Container = .gzip
    ) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try Gzip.inflate($0, limit: limit, source: "f", container: container) }
    }

    private static let noise: [UInt8] = {
        var random = RandomStream(seed: 4, purpose: .test)
        return (0..<200_000).map { _ in UInt8(random.below(16)) }
    }()

    @Test(arguments: [Gzip.Container.gzip, .zlib], [0, 1, 1000, 200_000])
    func roundTrip(container: Gzip.Container, length: Int) throws {
        let plain = Array(Self.noise[..<length])
        let packed = Gzip.deflate(plain, container: container)
        #expect(try inflate(packed, limit: length, container) == plain)
        guard length > 0 else { return }
        #expect(
            failure { _ = try inflate(packed, limit: length - 1, container) }
                == Failure(.badInput, "f: expands to more than \(length - 1) bytes"))
    }

    /// `printf hello | gzip -n` of GNU gzip.
    @Test func foreignFile() throws {
        let file: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00,
            0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ]
        #expect(try inflate(file) == Array("hello".utf8))
        #expect(try inflate(file + file) == Array("hellohello".utf8))
        #expect(failure { _ = try inflate(file + file, limit: 9) }?.description == "f: expands to more than 9 bytes")
        #expect(failure { _ = try inflate(file + [0]) }?.description == "f: 1 bytes follow the compressed data")
        for length in 1..<file.count {
            #expect(
                failure { _ = try inflate(Array(file[..<length])) }
                    == Failure(.badInput, "f: compressed data truncated after \(length) bytes"))
        }
    }

    @Test func flippedBytesNeverChangeTheContents() {
        let plain = Array("a rather short text, a rather short text".utf8)
        let packed = Gzip.deflate(plain)
        var refused = 0
        for i in packed.indices {
            var damaged = packed
            damaged[i] ^= 0x10
            // The header's time and system and the bits after the last block mean nothing.
            var read = plain
            let thrown = failure { read = try inflate(damaged) }
            #expect(read == plain, "byte \(i)")
            if let thrown {
                refused += 1
                #expect(thrown.kind == .badInput)
            }
        }
        #expect(refused >= packed.count - 8)
    }

    @Test func bombStopsAtTheLimit() {
        let bomb = Gzip.deflate([UInt8](repeating: 0, count: 50_000_000))
        #expect(bomb.count < 100_000)
        #expect(failure { _ = try inflate(bomb, limit: 1000) }?.description == "f: expands to more than 1000 bytes")
    }

    @Test func noGzipAtAll() {
        #expect(failure { _ = try inflate([]) }?.kind == .badInput)
        #expect(failure { _ = try inflate(Array("plain text".utf8)) }?.kind == .badInput)
    }
}
