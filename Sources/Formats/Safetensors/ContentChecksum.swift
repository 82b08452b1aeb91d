import Failures

/// The SHA-256 over what a safetensors file means, kept in its own metadata under `checksum` as `sha256:` and 64
/// hexadecimal digits.
///
/// Hashed are, each integer as eight bytes little-endian and each string as its number of UTF-8 bytes and these:
/// the number of metadata pairs without the checksum's own, then key and value of each, sorted by the keys' bytes;
/// for each tensor in the order of the data its name, dtype, number of dimensions, dimensions, number of bytes, and
/// bytes. The lengths make every flipped, lost or moved byte a different input.
struct ContentChecksum {
    static let key = "checksum"
    private var hash = SHA256()

    init(metadata: [String: String]) {
        let pairs = Self.sorted(metadata).filter { $0.key != Self.key }
        hash.update(UInt64(pairs.count))
        for pair in pairs {
            add(pair.key)
            add(pair.value)
        }
    }

    static func sorted(_ metadata: [String: String]) -> [(key: String, value: String)] {
        metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    mutating func add(name: String, elementType: ElementType, shape: [Int], _ bytes: UnsafeRawBufferPointer) {
        add(name)
        add(elementType.rawValue)
        hash.update(UInt64(shape.count))
        for dimension in shape { hash.update(UInt64(dimension)) }
        hash.update(UInt64(bytes.count))
        hash.update(bytes)
    }

    var text: String { "sha256:\(hash.hexDigest())" }

    private mutating func add(_ string: String) {
        hash.update(UInt64(string.utf8.count))
        hash.update(string)
    }
}

extension SafetensorsFile {
    /// Recomputes the checksum that `SafetensorsWriter.write` put into the metadata. False when there is none: for a
    /// file that should have one, treat this as damage. Throws `Failure.badInput` when it differs.
    public func verifyChecksum() throws -> Bool {
        guard let expected = metadata[ContentChecksum.key] else { return false }
        var content = ContentChecksum(metadata: metadata)
        for entry in entries {
            withBytes(of: entry) {
                content.add(name: entry.name, elementType: entry.elementType, shape: entry.shape, $0)
            }
        }
        guard content.text == expected else {
            throw Failure.badInput(path, "contents have the checksum \(content.text)", expected: expected.quoted)
        }
        return true
    }
}
