import Formats

/// Bytes that images are read from: a mapped file, whose pages the ranks of a node share, or memory.
enum ByteStore: Sendable {
    case mapped(MappedFile)
    case memory([UInt8])

    var count: Int {
        switch self {
        case .mapped(let file): file.bytes.count
        case .memory(let bytes): bytes.count
        }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .mapped(let file): try withExtendedLifetime(file) { try body(file.bytes) }
        case .memory(let bytes): try bytes.withUnsafeBytes(body)
        }
    }
}
