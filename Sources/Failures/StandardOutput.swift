@preconcurrency import Glibc

/// What happens to lines that cannot be written: a file system may be full, a reader gone, the stream closed from the
/// start. That ends nothing by itself, but it is not forgotten either.
public enum StandardOutput {
    /// To be called before anything is opened or printed.
    public static func prepare() {
        // A reader that is gone, or a file at its limit, is an error of that write and not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // A file opened later would get a closed stream's number, and what is printed. This one refuses it.
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            if open("/dev/null", O_RDONLY) < 0 { break }
        }
        // By itself only a terminal's output appears line by line; a killed job must not lose any.
        setvbuf(stdout, nil, Int32(_IOLBF), 0)
    }

    /// Whether something that was printed could not be written.
    public static var isBroken: Bool { fflush(stdout) != 0 || ferror(stdout) != 0 }

    /// Why something that was printed could not be written; nil if all was.
    public static var failure: Failure? {
        guard isBroken else { return nil }
        // The reason is no longer known, and is the same for another line.
        let code = write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO
        return .inputOutput("standard output", "write", code: code)
    }
}
