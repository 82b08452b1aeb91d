import Failures
import Glibc
import Tracing

/// Ends the job when this rank makes no progress for a while.
///
/// A rank that is stuck blocks all others inside MPI for ever, and MPI itself never notices. The watchdog is a plain
/// thread that makes no MPI calls: it leaves the process, whereupon the launcher ends the other ranks. A rank that
/// only waits for others is given a little longer, so that the one that is stuck speaks first if it still can. It is
/// started before MPI is, for hosts that cannot reach each other wait for ever there.
public final class Watchdog {
    /// Ten minutes: longer than any step, shorter than anyone's patience.
    public static let defaultSeconds = 600.0

    /// Joining takes seconds, also on many hosts and on busy ones.
    private static let joiningSeconds = 30.0...120.0
    static let joining: StaticString = "joining"

    private var thread: SystemThread?
    private let wakeUp: Int32

    /// - Parameters:
    ///   - seconds: the time without a beat after which to act; 0 switches the watchdog off.
    ///   - joining: the same while the rank joins its job; by default as many seconds, within sensible bounds.
    ///   - act: what to do with the message. By default write it to standard error and leave with exit code 124.
    /// - Throws: `Failure` if the system refuses a pipe or a thread.
    public init(
        _ heartbeat: Heartbeat, rank: Int, seconds: Double = Watchdog.defaultSeconds, joining: Double? = nil,
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
        let stop = ends[0], bounds = Self.joiningSeconds
        let joining = joining ?? min(max(seconds, bounds.lowerBound), bounds.upperBound)
        wakeUp = ends[1]
        thread = try SystemThread {
            Self.watch(heartbeat, rank: rank, seconds: seconds, joining: joining, stop: stop, act: act)
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
        _ heartbeat: Heartbeat, rank: Int, seconds: Double, joining: Double, stop: Int32, act: (String) -> Void
    ) {
        let interval = min(1, seconds / 10)
        var beats = heartbeat.beats, idle = 0.0, before = monotonicSeconds(), nextCall = before
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
            let isWaiting = heartbeat.operation != nil
            // Seldom, as everyone speaks to everyone; yet several times in the time after which a rank counts as silent.
            if isWaiting && now >= nextCall {
                heartbeat.callRoll(idle >= seconds / 2 ? .speak : .listen)
                nextCall = now + seconds / 12
            }
            let isJoining = heartbeat.phase == "\(Self.joining)"
            let allowed = isJoining ? joining : seconds
            if idle >= (isWaiting && !isJoining ? allowed * 1.05 + 3 * interval : allowed) {
                act(message(heartbeat, rank: rank, seconds: allowed))
                return
            }
        }
    }

    /// The line that a watchdog prints.
    static func message(_ heartbeat: Heartbeat, rank: Int, seconds: Double) -> String {
        let start = "pag: rank \(rank) on \(hostName()): "
        if heartbeat.phase == "\(joining)" {
            return start + "joining the job has taken \(seconds) s: a rank is missing, or the hosts cannot reach each "
                + "other; where they have several networks, launch/cluster --network CIDR names the one to use"
        }
        let idle = start + "no progress in \(heartbeat.phase) (step \(heartbeat.step)) for \(seconds) s: "
        guard let operation = heartbeat.operation else { return idle + "computing" }
        let wait = idle + "waiting in \(operation)"
        guard let roll = heartbeat.roll else { return wait }
        let silent = roll.silent(for: seconds / 3)
        return wait + (silent.isEmpty ? ", as every rank" : " for " + describe(silent, on: roll.hosts))
    }

    /// Writes the line and leaves at once, without the exit handlers: they may be what is stuck.
    public static let leave: @Sendable (String) -> Void = { line in
        writeToStandardError(line)
        _exit(Failure.Kind.watchdog.exitCode)
    }
}
