import Failures
import Glibc

/// The UTF-8 text of the file at `path`, of at most `Configuration.maximumBytes`.
///
/// Throws `inputOutput` if it cannot be read, `badInput` if it is not there, too large or not UTF-8.
func textOfFile(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        let code = errno
        throw code == ENOENT ? Failure.badInput(path, "no such file") : Failure.inputOutput(path, "open", code: code)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = Glibc.read(descriptor, &block, block.count)
        if count < 0 {
            if errno == EINTR { continue }
            throw Failure.inputOutput(path, "read", code: errno)
        }
        if count == 0 { break }
        bytes += block[..<count]
        // Checked while reading: the size that the system claims is no guide for pipes and devices.
        guard bytes.count <= Configuration.maximumBytes else { throw tooLarge(.file(path, line: 1)) }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure.badInput(path, "not a text in UTF-8")
    }
    return text
}

func tooLarge(_ origin: Origin) -> Failure {
    origin.failure("larger than \(Configuration.maximumBytes) bytes, the most that a configuration may have")
}
