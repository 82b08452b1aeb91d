import Failures
import Glibc
import Tracing

/// Ends the job when this rank makes no progress for a while.
///
/// A rank that is stuck blocks all others inside MPI for ever, and MPI itself never notices. The watchdog is a plain
/// thread that makes no MPI calls: it leaves the process, whereupon the launcher ends the other ranks. A rank that
/// only waits for others is given a little longer, so that the one that is stuck speaks first if it still can, and as
/// long as it takes while all of them are heard of and one of them works. It is started before MPI is, for hosts that
/// cannot reach each other wait for ever there.
public final class Watchdog {
    /// Ten minutes: longer than any step, shorter than anyone's patience.
    public static let defaultSeconds = 600.0

    /// Joining takes seconds, also on many hosts and on busy ones.
    private static let joiningSeconds = 30.0...120.0
    static let joining: StaticString = "joining"

    private let thread: BackgroundThread?

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
        let bounds = Self.joiningSeconds
        let joining = joining ?? min(max(seconds, bounds.lowerBound), bounds.upperBound)
        thread =
            seconds == 0
            ? nil
            : try BackgroundThread("watchdog") { pause in
                Self.watch(heartbeat, rank: rank, seconds: seconds, joining: joining, pause, act: act)
            }
    }

    /// Ends the watch. Also happens when the watchdog is released.
    public func stop() { thread?.stop() }

    private static func watch(
        _ heartbeat: Heartbeat, rank: Int, seconds: Double, joining: Double, _ pause: BackgroundThread.Pause,
        act: (String) -> Void
    ) {
        let interval = min(1, seconds / 10)
        var beats = heartbeat.beats, idle = 0.0, before = monotonicSeconds(), nextCall = before
        while pause(interval) {
            let now = monotonicSeconds()
            // Time in which the whole process was stopped, or its machine asleep, is nobody's fault.
            idle += min(now - before, 2 * interval)
            before = now
            if heartbeat.beats != beats {
                beats = heartbeat.beats
                idle = 0
            }
            let isWaiting = heartbeat.operation != nil
            // Seldom, as it goes to everyone; yet several times in the time after which a rank counts as silent.
            if isWaiting && idle >= seconds / 2 && now >= nextCall {
                heartbeat.roll?.call()
                nextCall = now + seconds / 12
            }
            let isJoining = heartbeat.phase == "\(Self.joining)"
            let allowed = isJoining ? joining : seconds
            if idle < (isWaiting && !isJoining ? allowed * 1.05 + 3 * interval : allowed) { continue }
            // Whoever has worked until now leaves the others as much time as if their waits began now.
            if isWaiting, let roll = heartbeat.roll, silent(roll, seconds).isEmpty,
                roll.someoneWorked(within: allowed)
            {
                continue
            }
            act(message(heartbeat, rank: rank, seconds: allowed))
            return
        }
    }

    /// The ranks that have not answered several calls.
    private static func silent(_ roll: RollCall, _ seconds: Double) -> [Int] { roll.silent(for: seconds / 3) }

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
        let silent = silent(roll, seconds)
        return wait + (silent.isEmpty ? ", as every rank" : " for " + describe(silent, on: roll.hosts))
    }

    /// Writes the line and leaves at once, without the exit handlers: they may be what is stuck.
    public static let leave: @Sendable (String) -> Void = { line in
        writeToStandardError(line)
        _exit(Failure.Kind.watchdog.exitCode)
    }
}
