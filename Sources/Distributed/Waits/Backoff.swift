import Glibc
import Tracing

/// How a rank waits for something that it has to ask for again and again: at first at once, since what another rank is
/// about to do takes microseconds; then it lets others at its core, and then it sleeps. So a rank that waits long costs
/// the one that it waits for little, where both share a core.
///
/// A pause is a small part of the wait so far, so a wait is found to be over at most that part too late.
struct Backoff {
    /// Until so many seconds have passed, nothing is paused; until so many, only yielded.
    private static let spinning = 20e-6, yielding = 200e-6
    /// Of the time waited so far.
    private static let part = 1.0 / 16, shortest = 20e-6, longest = 1e-3

    private let start = monotonicSeconds()

    /// To be called between two questions.
    func pause() {
        let waited = monotonicSeconds() - start
        if waited < Self.spinning { return }
        guard let seconds = Self.sleep(after: waited) else {
            sched_yield()
            return
        }
        var time = timespec(tv_sec: 0, tv_nsec: Int(seconds * 1e9))
        // A signal may cut it short.
        nanosleep(&time, nil)
    }

    /// The pause that follows so many seconds of waiting, nil for one too short for the system's clock.
    static func sleep(after waited: Double) -> Double? {
        waited < yielding ? nil : min(max(waited * part, shortest), longest)
    }
}
