import Failures
import Glibc
import Synchronization

/// A text file that grows by whole lines, such as `metrics.jsonl`.
public final class AppendFile: Sendable {
    private let file: FileDescriptor
    /// Whether the file ends in the middle of a line, because a write was cut short.
    private let lineIsOpen: Mutex<Bool>

    /// Opens or creates the file. Throws `Failure.inputOutput`.
    public init(path: String) throws {
        file = try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_APPEND, action: "open for appending")
        lineIsOpen = Mutex(try Self.endsInsideLine(file))
    }

    /// Adds the line and a newline in one system call, so that concurrent lines do not mix.
    ///
    /// After a write that was cut short (a full disk, a killed process) the next line starts on a line of its own.
    /// Throws `Failure.inputOutput`.
    public func append(line: String) throws {
        try lineIsOpen.withLock { isOpen in
            let bytes = Array("\(isOpen ? "\n" : "")\(line)\n".utf8)
            do {
                try bytes.withUnsafeBytes { try file.write(all: $0) }
                isOpen = false
            } catch {
                isOpen = (try? Self.endsInsideLine(file)) ?? true
                throw error
            }
        }
    }

    private static func endsInsideLine(_ file: borrowing FileDescriptor) throws -> Bool {
        let status = try file.status()
        guard status.isRegularFile, status.st_size > 0 else { return false }
        var last: UInt8 = 0
        guard pread(file.number, &last, 1, status.st_size - 1) == 1 else {
            throw Failure.inputOutput(file.path, "read", code: errno)
        }
        return last != UInt8(ascii: "\n")
    }
}
