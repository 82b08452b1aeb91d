import CPlatform
import Failures
import Glibc

/// Who holds a lock, as its file says it to other jobs and to people.
struct LockOwner: Equatable, Sendable {
    /// "a training"
    var task: String
    var host: String
    var process: Int
    /// When the process started, in the kernel's ticks: with its number this means one process and no later one.
    var started: String
    /// Of the running kernel: tells a machine, since its last start, from every other. Empty where it is not known.
    var boot: String
    /// "Slurm job 42"; empty outside of a scheduler.
    var job: String
    /// Seconds since 1970.
    var since: Int
    /// Drawn anew for every lock that is taken.
    var token: String

    /// This process, from now on.
    init(task: String) {
        self.task = task
        host = hostName()
        process = Int(getpid())
        started = startOfProcess(process) ?? ""
        boot = firstSystemLine(of: "/proc/sys/kernel/random/boot_id")
        job = schedulerJob()
        since = time(nil)
        token = String(UInt64.random(in: 1...UInt64.max), radix: 16)
    }

    /// Whether it is, or was, a process of this machine since its last start.
    var isOfThisMachine: Bool { !boot.isEmpty && boot == firstSystemLine(of: "/proc/sys/kernel/random/boot_id") }

    /// Whether no process of this machine is the owner. Knows nothing of other containers' processes.
    var hasEnded: Bool { isOfThisMachine && host == hostName() && startOfProcess(process) != started }

    /// "a training on node1 (process 4711 of Slurm job 42, since 2026-11-29 12:03)"
    var description: String {
        var seconds = time_t(since), parts = tm()
        localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%d %H:%M", &parts)
        let date = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(task) on \(host) (process \(process)\(job.isEmpty ? "" : " of \(job)"), since \(date))"
    }

    // MARK: As text

    private static let fields = ["task", "host", "process", "started", "boot", "job", "since", "token"]
    /// More than any lock has: what is longer is none.
    static let maximumBytes = 4096

    /// A line a field.
    var text: String {
        let values = [task, host, "\(process)", started, boot, job, "\(since)", token]
        return zip(Self.fields, values).map { "\($0): \($1.filter { $0 != "\n" }.prefix(256))\n" }.joined()
    }

    /// Nil for a text that is no lock's.
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == Self.fields.count + 1, lines.last == "" else { return nil }
        var values: [String] = []
        for (name, line) in zip(Self.fields, lines) {
            guard line.hasPrefix("\(name): ") else { return nil }
            // Shown to people: no control characters of a terminal.
            values.append(
                line.dropFirst(name.count + 2).filter { $0.isLetter || $0.isNumber || $0 == " " || $0.isPunctuation })
        }
        guard let process = Int(values[2]), let since = Int(values[6]) else { return nil }
        (task, host, self.process, started) = (values[0], values[1], process, values[3])
        (boot, job, self.since, token) = (values[4], values[5], since, values[7])
    }
}

/// The start of a process in ticks, nil where there is none of that number.
private func startOfProcess(_ process: Int) -> String? {
    // The name in parentheses may hold anything; of what follows the last one, the start is the twentieth field.
    let line = firstSystemLine(of: "/proc/\(process)/stat")
    guard let end = line.lastIndex(of: ")") else { return nil }
    let fields = line[end...].split(separator: " ")
    return fields.count > 20 ? String(fields[20]) : nil
}

private func schedulerJob() -> String {
    for (name, scheduler) in [
        ("SLURM_JOB_ID", "Slurm"), ("PBS_JOBID", "PBS"), ("LSB_JOBID", "LSF"), ("JOB_ID", "Grid Engine"),
        ("FLUX_JOB_ID", "Flux"),
    ] {
        if let value = getenv(name), value.pointee != 0 { return "\(scheduler) job \(String(cString: value))" }
    }
    return ""
}
