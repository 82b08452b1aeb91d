import Failures
import Glibc

/// Files that are there whole or not at all, whatever interrupts the writing.
///
/// The order of operations is that of Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014: write a
/// temporary file beside the target, fsync it, rename it over the target, fsync the directory.
public enum AtomicFile {
    /// Where the body of `AtomicFile.write` puts the contents. Each call is at least one system call: write in
    /// large pieces.
    public struct Sink: ~Copyable {
        fileprivate let file: FileDescriptor

        /// Adds bytes behind those that are there. Throws `inputOutput`.
        public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
            try file.write(all: bytes)
        }

        /// The same.
        public mutating func write(_ bytes: [UInt8]) throws {
            try bytes.withUnsafeBytes { try file.write(all: $0) }
        }

        /// The string's UTF-8 bytes.
        public mutating func write(_ text: String) throws {
            try write(Array(text.utf8))
        }
    }

    /// Replaces or creates the file at `path` with what `body` writes. A symbolic link is followed.
    ///
    /// When anything fails, `body` included, the temporary file is removed and the target is as it was. Only a
    /// failed fsync of the directory comes after the replacement. Throws `Failure.inputOutput` with the system's
    /// words, or what `body` threw. One process at a time may write one path.
    public static func write(to path: String, _ body: (inout Sink) throws -> Void) throws {
        let target = resolved(path)
        var status = stat()
        if lstat(target, &status) == 0, !status.isRegularFile {
            throw Failure(.inputOutput, "\(path): cannot replace: it is not a regular file")
        }
        let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        let name = slash.map { String(target[target.index(after: $0)...]) } ?? target
        guard !name.isEmpty else { throw Failure(.inputOutput, "\(path): cannot write: not the name of a file") }
        let temporary = "\(directory)/.\(name)\(temporaryMark)\(getpid())"

        // What an earlier process of the same number left behind.
        unlink(temporary)
        do {
            var sink = Sink(
                file: try FileDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL, action: "create"))
            try body(&sink)
            try sink.file.synchronise()
            guard rename(temporary, target) == 0 else {
                throw Failure.inputOutput(path, "replace", code: errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronise(directory: directory)
    }

    /// A whole file of UTF-8, old or new and never a part of it. Throws `inputOutput`.
    public static func write(_ text: String, to path: String) throws {
        try write(to: path) { try $0.write(text) }
    }

    /// The same of bytes.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { try $0.write(bytes) }
    }

    /// Removes the temporary files that killed processes left in a directory, and gives their number. Only for a
    /// directory in which nobody is writing.
    @discardableResult
    public static func removeTemporaries(in directory: String) throws -> Int {
        var removed = 0
        for name in try directoryEntries(directory) where isTemporary(name) {
            if unlink("\(directory)/\(name)") == 0 { removed += 1 }
        }
        return removed
    }

    /// Whether a file's name has the form of this writer's temporary files, `.NAME.tmp-PID`.
    public static func isTemporary(_ name: String) -> Bool {
        guard name.hasPrefix(".") else { return false }
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
        return digits > 0 && name.dropLast(digits).hasSuffix(temporaryMark)
    }

    private static let temporaryMark = ".tmp-"

    /// The file a symbolic link leads to, so that the link survives and the temporary is on the same file system.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func synchronise(directory: String) throws {
        let descriptor = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY, action: "open")
        // Some network file systems have no fsync for directories and say so with EINVAL.
        if fsync(descriptor.number) != 0, errno != EINVAL {
            throw Failure.inputOutput(directory, "synchronise", code: errno)
        }
    }
}
