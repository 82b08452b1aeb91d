import Synchronization
import Tracing

/// Which ranks of a job wait for others, so that one that has waited for too long can name those that do not: ranks
/// that are stuck, stopped or gone, on whichever machine.
///
/// A rank whose wait becomes long tells all others so now and then, by messages, and whoever hears of it and waits too
/// does the same. Who is silent is what everyone waits for. Written by the main thread, read by the watchdog.
public final class RollCall: Sendable {
    /// The machine of each rank, by name.
    let hosts: [String]
    private let own: Int
    /// When each rank was last heard, in monotonic seconds.
    private let heard: Mutex<[Double]>

    public init(rank: Int, hosts: [String]) {
        own = rank
        self.hosts = hosts
        heard = Mutex(Array(repeating: -.infinity, count: hosts.count))
    }

    /// Another rank has said that it waits.
    public func hear(_ rank: Int) {
        let now = monotonicSeconds()
        heard.withLock { $0[rank] = now }
    }

    /// The others that have not been heard for so many seconds.
    func silent(for seconds: Double) -> [Int] {
        let latest = monotonicSeconds() - seconds
        return heard.withLock { heard in heard.indices.filter { $0 != own && heard[$0] < latest } }
    }
}

/// A rank's part in the roll call over MPI: by its main thread, while it waits.
struct RollCallMessages {
    let say: () throws -> Void
    /// The next rank that has been heard, nil if there is none.
    let hear: () throws -> Int?
    let roll: RollCall

    /// What the watchdog has asked for.
    func answer(_ call: Heartbeat.Call) throws {
        guard call != .none else { return }
        var wantsToSpeak = call == .speak
        while let rank = try hear() {
            roll.hear(rank)
            wantsToSpeak = true
        }
        if wantsToSpeak { try say() }
    }
}
