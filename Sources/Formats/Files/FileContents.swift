import Failures
import Glibc

/// The contents of files that are small by nature: configurations, lists, results. They are read into memory, so
/// whoever changes the file meanwhile changes nothing.
public enum FileContents {
    /// The bytes of a regular file, or of a pipe whose writer says something within ten seconds.
    ///
    /// Throws `badInput` where there is no such file, it is of another kind or has more than `limit` bytes, and
    /// `inputOutput` where the system refuses.
    public static func read(_ path: String, limit: Int) throws -> [UInt8] {
        var status = stat()
        if stat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR {
            throw Failure.badInput(path, "no such file")
        }
        // Without O_NONBLOCK, opening a pipe waits for a writer.
        let file = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, action: "open")
        if try file.status().st_mode & S_IFMT != S_IFIFO { try file.requireRegular() }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: min(limit, 1 << 16) + 1)
        while true {
            let count = Glibc.read(file.number, &block, block.count)
            if count < 0 {
                if errno == EAGAIN {
                    try awaitWriter(of: file)
                } else if errno != EINTR {
                    throw Failure.inputOutput(path, "read", code: errno)
                }
                continue
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            // Checked while reading: the size that the system claims is no guide for pipes and pseudo files.
            guard bytes.count <= limit else {
                throw Failure.badInput(path, "is too large", expected: "at most \(limit) bytes")
            }
        }
    }

    /// The text of a file in one of the encodings of `EditedText`. A file that evidently is no text is called what it
    /// is.
    /// - Parameter words: what is expected, as the end of a sentence.
    public static func text(_ path: String, limit: Int, words: String) throws -> String {
        let bytes = try read(path, limit: limit)
        return try bytes.withUnsafeBytes { bytes in
            if let other = FileFormat.refusal(path, bytes, expected: FileFormat.texts + [.empty], words: words) {
                throw other
            }
            return try EditedText.decode(bytes, source: path)
        }
    }

    /// The JSON value of a file. Throws as `text` does, and what `JSONValue.parse` throws.
    public static func json(
        _ path: String, limit: Int = 1 << 24, limits: JSONLimits = JSONLimits()
    ) throws -> JSONValue {
        try JSONValue.parse(text(path, limit: limit, words: "JSON"), source: path, limits: limits)
    }

    private static func awaitWriter(of file: borrowing FileDescriptor) throws {
        var request = pollfd(fd: file.number, events: Int16(POLLIN), revents: 0)
        var ready: Int32
        repeat { ready = poll(&request, 1, 10_000) } while ready < 0 && errno == EINTR
        guard ready != 0 else { throw Failure.badInput(file.path, "is a pipe that nobody writes into") }
    }
}
