import Failures
import Glibc

/// A safetensors file that several processes fill, a block at a time and in any order, over one or more starts of the
/// program. It bears its name only when it is complete; until then it is `NAME.partial`, and `NAME.blocks` holds a byte
/// for every block, 1 where it is written.
public final class SharedSafetensors {
    /// A tensor that the file is to have.
    public struct Tensor: Sendable {
        public let name: String
        public let elementType: ElementType
        public let shape: [Int]
        public init(name: String, elementType: ElementType, shape: [Int]) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
        }
        /// Throws `badInput` where the size does not fit in a number.
        func bytes() throws -> Int {
            guard let count = elementType.byteCount(shape: shape) else {
                throw Failure(.badInput, "tensor \(name) of shape \(shape) is too large")
            }
            return count
        }
    }

    private let path: String
    private let data: FileDescriptor
    private let marks: FileDescriptor
    /// Where each tensor's bytes begin.
    private let starts: [String: Int]

    private static func partial(_ path: String) -> String { path + ".partial" }
    private static func blocks(_ path: String) -> String { path + ".blocks" }

    /// Whether the complete file is there, made with this header.
    public static func isComplete(
        _ path: String, metadata: [String: String], tensors: [Tensor]
    ) throws -> Bool {
        guard access(path, F_OK) == 0 else { return false }
        return try isOurs(path, head(metadata, tensors), tensors)
    }

    /// Makes the file, or finds one that was begun with the same header. One process does this, before all open it.
    /// Returns which blocks are written. Throws `usage` where a file was begun with another header, and `inputOutput`.
    public static func prepare(
        _ path: String, metadata: [String: String], tensors: [Tensor], blocks: Int
    ) throws -> [Bool] {
        let head = try head(metadata, tensors), size = try size(head, tensors)
        if access(partial(path), F_OK) == 0, access(Self.blocks(path), F_OK) == 0 {
            let known = try MappedFile(path: Self.blocks(path))
            guard try isOurs(partial(path), head, tensors), known.bytes.count == blocks else {
                throw Failure(
                    .usage, "\(partial(path)): was begun with other settings, data or network; remove it to start anew")
            }
            return withExtendedLifetime(known) { known.bytes.map { $0 == 1 } }
        }
        // The marks go first: without them a left-over file counts for nothing.
        unlink(Self.blocks(path))
        let data = try FileDescriptor(opening: partial(path), O_RDWR | O_CREAT | O_TRUNC, action: "create")
        guard ftruncate(data.number, size) == 0 else { throw Failure.inputOutput(partial(path), "size", code: errno) }
        try head.withUnsafeBytes { try data.write(all: $0) }
        try data.synchronise()
        try AtomicFile.write([UInt8](repeating: 0, count: blocks), to: Self.blocks(path))
        return Array(repeating: false, count: blocks)
    }

    /// Opens what `prepare` made. Throws `inputOutput`.
    public init(_ path: String, metadata: [String: String], tensors: [Tensor]) throws {
        self.path = path
        data = try FileDescriptor(opening: Self.partial(path), O_WRONLY, action: "open")
        marks = try FileDescriptor(opening: Self.blocks(path), O_WRONLY, action: "open")
        var offset = try Self.head(metadata, tensors).count
        var starts: [String: Int] = [:]
        for tensor in tensors {
            starts[tensor.name] = offset
            offset += try tensor.bytes()
        }
        self.starts = starts
    }

    /// Writes bytes of a tensor, `offset` bytes behind its start.
    public func write(_ bytes: UnsafeRawBufferPointer, to tensor: String, at offset: Int) throws {
        guard let start = starts[tensor] else { preconditionFailure("SharedSafetensors: no tensor \(tensor)") }
        try data.write(all: bytes, at: start + offset)
    }

    /// Says that the bytes of some blocks are written. They are on the disk before the marks are.
    public func mark(blocks: [Int]) throws {
        try data.synchronise()
        for block in blocks { try withUnsafeBytes(of: UInt8(1)) { try marks.write(all: $0, at: block) } }
    }

    /// Gives the file its name. One process does this, after all blocks are marked.
    public static func finish(_ path: String) throws {
        let data = try FileDescriptor(opening: partial(path), O_WRONLY, action: "open")
        try data.synchronise()
        guard rename(partial(path), path) == 0 else { throw Failure.inputOutput(path, "replace", code: errno) }
        unlink(blocks(path))
    }

    private static func head(_ metadata: [String: String], _ tensors: [Tensor]) throws -> [UInt8] {
        for tensor in tensors { _ = try tensor.bytes() }
        let header = SafetensorsWriter.header(
            metadata: metadata, tensors: tensors.map { ($0.name, $0.elementType, $0.shape) })
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
    }

    private static func size(_ head: [UInt8], _ tensors: [Tensor]) throws -> Int {
        try tensors.reduce(head.count) { try $0 + $1.bytes() }
    }

    private static func isOurs(_ path: String, _ head: [UInt8], _ tensors: [Tensor]) throws -> Bool {
        let file = try MappedFile(path: path), size = try size(head, tensors)
        return withExtendedLifetime(file) {
            file.bytes.count == size && file.bytes.prefix(head.count).elementsEqual(head)
        }
    }
}
