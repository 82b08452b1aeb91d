import Failures
import Formats
import Glibc

/// A reader in a process of its own, which is started again behind every input that ends it.
struct Watched {
    let reader: FuzzedReader
    let seed: UInt64
    let faults: String

    /// Prints the rate, and gives the number of inputs that made a fault, which are kept.
    func run(_ count: Int) throws -> Int {
        let scratch = try Scratch(), path = "\(scratch.path)/progress"
        let progress = try SharedProgress(path: path)
        let start = seconds()
        var next = 0, found = 0, slowest = 0.0
        while next < count, found < 20 {
            progress.input = next
            let end = try watch(try spawn(path, next, count), progress, &slowest)
            guard let end else { break }
            found += 1
            try keep(progress.input, end)
            next = progress.input + 1
        }
        let taken = max(seconds() - start, 1e-3), done = found < 20 ? count : next
        print(
            "\(reader.name): \(done) inputs in \(Int(taken.rounded())) s, \(Int(Double(done) / taken)) a second, "
                + "\(progress.taken) taken, \(found) faults; none took more than about \(Int(slowest.rounded(.up))) s")
        fflush(nil)
        return found
    }

    private func spawn(_ path: String, _ next: Int, _ count: Int) throws -> pid_t {
        let words = [
            "/proc/self/exe", reader.name, "--seed", "\(seed)", "--inputs", "\(count)", "--first", "\(next)",
            "--progress", path,
        ]
        // A backtrace of a program in a trap takes seconds.
        setenv("SWIFT_BACKTRACE", "enable=no", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        let code = posix_spawn(&process, words[0], nil, nil, &arguments, environ)
        guard code == 0 else { throw Failure(.internalError, "cannot start a worker: \(errorText(code))") }
        return process
    }

    /// Waits for the worker; gives what ended it, nil where nothing did.
    private func watch(_ process: pid_t, _ progress: SharedProgress, _ slowest: inout Double) throws -> String? {
        // On a busy machine only processor time tells how much an input takes; by the clock it may wait for nothing.
        var clock = clockid_t()
        guard clock_getcpuclockid(process, &clock) == 0 else { throw Failure(.internalError, "no clock of a worker") }
        var status: Int32 = 0, last = progress.input, since = seconds(), computedBefore = seconds(clock)
        while waitpid(process, &status, WNOHANG) == 0 {
            usleep(20_000)
            let computed = seconds(clock)
            if progress.input != last {
                last = progress.input
                since = seconds()
                computedBefore = computed
            }
            slowest = max(slowest, computed - computedBefore)
            if computed - computedBefore > Double(Limits.seconds) || seconds() - since > Double(10 * Limits.seconds) {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
                return "more than \(Limits.seconds) s"
            }
        }
        let signal = status & 0x7f
        if signal != 0 { return "signal \(signal)" }
        let code = status >> 8 & 0xff
        return code == 0 ? nil : "exit code \(code)"
    }

    private func keep(_ number: Int, _ end: String) throws {
        try createDirectory(faults)
        let path = "\(faults)/\(reader.name)-\(seed)-\(number)"
        try AtomicFile.write(reader.input(number, seed: seed), to: path)
        print("\(reader.name): FAULT \(end): \(path)")
        fflush(nil)
    }

    private func seconds(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
        var now = timespec()
        clock_gettime(clock, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }
}
