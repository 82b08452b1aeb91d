import CPlatform
import Failures
import Glibc

/// A regular file's contents, mapped read-only and shared: the ranks of a node use one copy in the page cache.
///
/// The file must not be shortened while it is mapped: a read past the end ends the process with a line that says so.
/// `AtomicFile` replaces files instead of rewriting them for this reason.
// The mapping is never written and is released only by deinit, so any thread may read it.
public final class MappedFile: @unchecked Sendable {
    public let path: String

    /// The contents, valid for as long as this object lives: hold the object while using them.
    public let bytes: UnsafeRawBufferPointer
    /// By which the system's signal knows the file.
    private let number: Int32

    /// Throws `Failure` of kind `badInput` when there is no such file or it is not a regular file, `inputOutput`
    /// when the system refuses to open, examine or map it.
    public init(path: String) throws {
        var status = stat()
        if stat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR {
            throw Failure.badInput(path, "no such file")
        }
        // Without O_NONBLOCK, opening a FIFO waits for a writer.
        let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, action: "open")
        try file.requireRegular()
        status = try file.status()
        self.path = path
        let count = Int(status.st_size)
        // mmap refuses a length of zero.
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            number = -1
            return
        }
        guard let address = mmap(nil, count, PROT_READ, MAP_SHARED, file.number, 0), address != MAP_FAILED else {
            throw Failure.inputOutput(path, "map", code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: address, count: count)
        number = cplatform_name_mapping(address, count, path)
    }

    /// Lends the bytes to a reader of the formats `expected`, `words` for a person. Where it refuses them and they
    /// evidently are something else, the refusal says what.
    public func read<Result>(
        as expected: [FileFormat], words: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        defer { withExtendedLifetime(self) {} }
        do { return try body(bytes) } catch let failure as Failure where failure.kind == .badInput {
            throw FileFormat.refusal(path, bytes, expected: expected, words: words) ?? failure
        }
    }

    deinit {
        cplatform_forget_mapping(number)
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }
}
