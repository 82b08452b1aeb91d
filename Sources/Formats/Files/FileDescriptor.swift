import Failures
import Glibc

/// An open file that is closed when its owner goes out of scope.
struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32
    let path: String

    /// Throws `Failure.inputOutput` naming `action` when the system refuses.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0o666, action: String) throws {
        var result: Int32
        repeat { result = open(path, flags | O_CLOEXEC, mode) } while result < 0 && errno == EINTR
        guard result >= 0 else { throw Failure.inputOutput(path, action, code: errno) }
        number = result
        self.path = path
    }

    deinit { _ = close(number) }

    func status() throws -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw Failure.inputOutput(path, "read its status", code: errno) }
        return status
    }

    /// Throws `badInput` for a folder, device, socket or pipe.
    func requireRegular() throws {
        let status = try status()
        guard status.isRegularFile else {
            throw Failure.badInput(
                path, status.isDirectory ? "is a directory" : "is not a regular file", expected: "a file")
        }
    }

    func write(all bytes: UnsafeRawBufferPointer) throws {
        var position = 0
        while position < bytes.count {
            let written = Glibc.write(number, bytes.baseAddress.unsafelyUnwrapped + position, bytes.count - position)
            if written < 0 {
                if errno == EINTR { continue }
                throw Failure.inputOutput(path, "write", code: errno)
            }
            position += written
        }
    }

    /// The same at a place of the file, whose own position stays.
    func write(all bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var position = 0
        while position < bytes.count {
            let written = pwrite(
                number, bytes.baseAddress.unsafelyUnwrapped + position, bytes.count - position, offset + position)
            if written < 0 {
                if errno == EINTR { continue }
                throw Failure.inputOutput(path, "write", code: errno)
            }
            position += written
        }
    }

    func synchronise() throws {
        var result: Int32
        repeat { result = fsync(number) } while result != 0 && errno == EINTR
        guard result == 0 else { throw Failure.inputOutput(path, "synchronise", code: errno) }
    }
}

extension stat {
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
}
