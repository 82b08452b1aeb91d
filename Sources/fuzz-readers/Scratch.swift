import Failures
import Formats
import Glibc

/// A folder for the files of one worker, in memory where the system has such. Written without care for a disk.
final class Scratch {
    let path: String
    /// Room that ends at a page which nobody may read.
    private let room: UnsafeMutableRawBufferPointer

    init() throws {
        var template = Array("\(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")/pag-fuzz-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.inputOutput("/dev/shm", "make a folder", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let size = 1 << 22, page = 4096
        guard let memory = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED, mprotect(memory + size, page, PROT_NONE) == 0
        else { throw Failure.inputOutput(path, "map memory", code: errno) }
        room = UnsafeMutableRawBufferPointer(start: memory, count: size)
    }

    deinit {
        Self.remove(path)
        munmap(room.baseAddress, room.count + 4096)
    }

    /// Lends bytes in such a place that a reader who goes beyond their end is ended by the system.
    func lend<Result>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let place = UnsafeMutableRawBufferPointer(rebasing: room.suffix(bytes.count))
        place.copyBytes(from: bytes.prefix(place.count))
        return try body(UnsafeRawBufferPointer(place))
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? directoryEntries(path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// Writes a file and gives its path. Folders within the name are made.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        var descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if descriptor < 0, let slash = file.lastIndex(of: "/") {
            try createDirectory(String(file[..<slash]))
            descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw Failure(.internalError, "\(file): \(errorText(errno))") }
        defer { close(descriptor) }
        guard bytes.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw Failure(.internalError, "\(file): \(errorText(errno))")
        }
        return file
    }

    /// The bytes of a file that is written by `body`.
    static func bytes(_ body: (String) throws -> Void) throws -> [UInt8] {
        let scratch = try Scratch(), path = "\(scratch.path)/seed"
        try body(path)
        return try FileContents.read(path, limit: 1 << 24)
    }
}
