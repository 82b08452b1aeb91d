import Failures
import Glibc
import Tracing

/// Ends the job when this rank makes no progress for a while.
///
/// A rank that is stuck blocks all others inside MPI for ever, and MPI itself never notices. The watchdog is a plain
/// thread that makes no MPI calls: it leaves the process, whereupon the launcher ends the other ranks. A rank that
/// only waits for others is given a little longer, so that the one that is stuck speaks first if it still can.
public final class Watchdog {
    /// Ten minutes: longer than any step, shorter than anyone's patience.
    public static let defaultSeconds = 600.0

    private var thread: SystemThread?
    private let wakeUp: Int32

    /// - Parameters:
    ///   - seconds: the time without a beat after which to act; 0 switches the watchdog off.
    ///   - act: what to do with the message. By default write it to standard error and leave with exit code 124.
    /// - Throws: `Failure` if the system refuses a pipe or a thread.
    public init(
        _ heartbeat: Heartbeat, rank: Int, seconds: Double = Watchdog.defaultSeconds,
        act: @escaping @Sendable (String) -> Void = Watchdog.leave
    ) throws {
        precondition(seconds >= 0, "Watchdog: \(seconds) seconds")
        guard seconds > 0 else {
            wakeUp = -1
            thread = nil
            return
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw Failure(.internalError, "watchdog: cannot make a pipe: \(errorText(errno))")
        }
        let stop = ends[0]
        wakeUp = ends[1]
        thread = try SystemThread {
            Self.watch(heartbeat, rank: rank, seconds: seconds, stop: stop, act: act)
            close(stop)
        }
    }

    /// Ends the watch. Also happens when the watchdog is released.
    public func stop() {
        guard let thread = thread.take() else { return }
        close(wakeUp)
        thread.join()
    }

    deinit { stop() }

    private static func watch(
        _ heartbeat: Heartbeat, rank: Int, seconds: Double, stop: Int32, act: (String) -> Void
    ) {
        let interval = min(1, seconds / 10)
        var beats = heartbeat.beats, idle = 0.0, before = monotonicSeconds()
        while true {
            var descriptor = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, Int32((interval * 1000).rounded(.up))) > 0 { return }
            let now = monotonicSeconds()
            // Time in which the whole process was stopped, or its machine asleep, is nobody's fault.
            idle += min(now - before, 2 * interval)
            before = now
            if heartbeat.beats != beats {
                beats = heartbeat.beats
                idle = 0
            }
            let patience = heartbeat.operation == nil ? seconds : seconds * 1.05 + 3 * interval
            if idle >= patience {
                act(message(heartbeat, rank: rank, seconds: seconds))
                return
            }
        }
    }

    /// The line that a watchdog prints.
    static func message(_ heartbeat: Heartbeat, rank: Int, seconds: Double) -> String {
        let start = "pag: rank \(rank) on host \(hostName()): no progress in \(heartbeat.phase) "
            + "(step \(heartbeat.step)) for \(seconds) s"
        guard let operation = heartbeat.operation else { return start + ": computing" }
        let wait = start + ": waiting in \(operation)"
        guard let busy = heartbeat.busyNeighbours else { return wait }
        let names = busy.map { "rank \($0.rank) (step \($0.step))" }.joined(separator: ", ")
        return wait + (names.isEmpty ? ", as every rank of this host" : ", not waiting: " + names)
    }

    /// Writes the line and leaves at once, without the exit handlers: they may be what is stuck.
    public static let leave: @Sendable (String) -> Void = { line in
        writeToStandardError(line)
        _exit(Failure.Kind.watchdog.exitCode)
    }
}
