import Glibc
import Tracing

/// How a rank waits for something that it has to ask for again and again. At first it asks at once, since what another
/// rank is about to do takes microseconds; then it offers its core to others between two questions, which those of
/// other sessions and containers do not take; and then it sleeps. So a rank that waits costs the one that it waits for
/// little where both share a core.
///
/// A sleep is a small part of the wait so far, so a wait is found to be over at most that part too late.
struct Backoff {
    /// The seconds of a wait after which it yields, and after which it sleeps.
    private static let yielding = 20e-6, sleeping = 1e-3
    /// Of the wait so far.
    private static let part = 1.0 / 16
    private static let longest = 1e-3

    private let start = monotonicSeconds()

    /// To be called between two questions.
    func pause() {
        let waited = monotonicSeconds() - start
        if waited < Self.yielding { return }
        if waited < Self.sleeping {
            sched_yield()
            return
        }
        var time = timespec(tv_sec: 0, tv_nsec: Int(min(waited * Self.part, Self.longest) * 1e9))
        // A signal may cut it short.
        nanosleep(&time, nil)
    }
}
