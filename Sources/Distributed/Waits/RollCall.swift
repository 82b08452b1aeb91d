import Synchronization
import Tracing

/// Which ranks of a job wait, which work, and which are not heard of: so that a rank that has waited for long can tell
/// whether there is anything to wait for, and name those that are stuck, stopped or gone, on whichever machine.
///
/// A rank whose wait becomes long calls all others now and then, and those say what they are doing.
final class RollCall: Sendable {
    enum Word: UInt8 {
        /// Waits, has done so for long, and wants to hear of everyone.
        case calls
        case waits, works
    }

    /// The machine of each rank, by name.
    let hosts: [String]
    let own: Int
    private let isWanted = Atomic<Bool>(false)
    /// When each rank was last heard, and when any was last heard to work, in monotonic seconds.
    private let heard: Mutex<(ranks: [Double], work: Double)>

    /// - Parameter hosts: the machine of each rank, by name.
    init(rank: Int, hosts: [String]) {
        own = rank
        self.hosts = hosts
        heard = Mutex((Array(repeating: -.infinity, count: hosts.count), -.infinity))
    }

    // MARK: For the watchdog

    /// Asks for a call to all others.
    func call() { isWanted.store(true, ordering: .relaxed) }

    /// The others that have not been heard for so many seconds.
    func silent(for seconds: Double) -> [Int] {
        let latest = monotonicSeconds() - seconds
        return heard.withLock { heard in heard.ranks.indices.filter { $0 != own && heard.ranks[$0] < latest } }
    }

    /// Whether another rank has been heard to work in so many seconds.
    func someoneWorked(within seconds: Double) -> Bool {
        let earliest = monotonicSeconds() - seconds
        return heard.withLock { $0.work >= earliest }
    }

    // MARK: For those who carry the words

    /// Whether a call is wanted; said once.
    func takeCall() -> Bool { isWanted.exchange(false, ordering: .relaxed) }

    func hear(_ word: Word, from rank: Int) {
        let now = monotonicSeconds()
        heard.withLock {
            $0.ranks[rank] = now
            if word == .works { $0.work = now }
        }
    }
}
