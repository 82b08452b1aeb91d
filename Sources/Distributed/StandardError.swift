import Glibc

/// Writes the line in one system call, so that the lines of several ranks do not mix.
func writeToStandardError(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        // Nobody can be told that standard error is gone.
        if count <= 0 { return }
        written += count
    }
}

/// Writes the line and leaves with this exit code.
func endProcess(_ line: String, code: Int32) -> Never {
    fflush(nil)
    writeToStandardError(line)
    exit(code)
}
