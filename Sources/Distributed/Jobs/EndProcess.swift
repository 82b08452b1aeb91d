import Failures
import Glibc

/// Writes the line and leaves with this exit code.
func endProcess(_ line: String, code: Int32) -> Never {
    fflush(nil)
    writeToStandardError(line)
    exit(code)
}
