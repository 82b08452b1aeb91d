import Glibc

/// Writes the line in one system call, so that the lines of several ranks do not mix.
public func writeToStandardError(_ line: String) {
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

/// Says what went wrong and ends the process at once, for the depths of a computation that cannot throw. Without the
/// exit handlers: other ranks may never take part in them.
public func leave(_ failure: Failure) -> Never {
    writeToStandardError("pag: \(failure.description)")
    _exit(failure.kind.exitCode)
}
