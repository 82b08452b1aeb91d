import Failures

/// Numbers in bytes that may end anywhere.
struct LittleEndianReader {
    private let bytes: UnsafeRawBufferPointer
    private let source: String

    init(_ bytes: UnsafeRawBufferPointer, source: String) {
        self.bytes = bytes
        self.source = source
    }

    var count: Int { bytes.count }

    func uint16(_ offset: Int) throws -> UInt16 { try load(offset) }
    func uint32(_ offset: Int) throws -> UInt32 { try load(offset) }

    /// Eight bytes that say a size or a place.
    func integer(_ offset: Int) throws -> Int {
        let value: UInt64 = try load(offset)
        guard let integer = Int(exactly: value) else { throw Failure.badInput(source, "claims \(value) bytes") }
        return integer
    }

    func bytes(_ offset: Int, _ length: Int) throws -> UnsafeRawBufferPointer {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else {
            throw Failure.badInput(source, "file truncated: \(bytes.count) bytes")
        }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    private func load<Integer: FixedWidthInteger>(_ offset: Int) throws -> Integer {
        Integer(littleEndian: try bytes(offset, MemoryLayout<Integer>.size).loadUnaligned(as: Integer.self))
    }
}
