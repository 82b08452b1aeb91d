import Formats
import Randomness
import Testing

@Suite struct HashTests {
    /// FIPS 180-4 examples and NIST's long message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func sha256(message: String, digest: String) {
        #expect(SHA256.hexDigest(of: Array(message.utf8)) == digest)
    }

    @Test func sha256InPieces() {
        var random = RandomStream(seed: 1, purpose: .test)
        let message = (0..<1000).map { _ in UInt8(random.below(256)) }
        for length in 0..<200 {
            let whole = SHA256.hexDigest(of: Array(message[..<length]))
            var hash = SHA256()
            var position = 0
            while position < length {
                let piece = min(1 + random.below(70), length - position)
                hash.update(Array(message[position..<position + piece]))
                _ = hash.finalize()
                position += piece
            }
            #expect(hash.hexDigest() == whole, "length \(length)")
        }
    }

    /// RFC 3720, appendix B.4, and the customary check string.
    @Test(
        arguments: [
            (Array("123456789".utf8), 0xe306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func crc32c(message: [UInt8], value: UInt32) {
        #expect(CRC32C.value(of: message) == value)
        var inPieces = CRC32C()
        for byte in message { withUnsafeBytes(of: byte) { inPieces.update($0) } }
        #expect(inPieces.value == value)
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test func base64UsesTheStandardAlphabet() {
        #expect(Base64.encode([0xfb, 0xef, 0xff]) == "++//")
    }
}
