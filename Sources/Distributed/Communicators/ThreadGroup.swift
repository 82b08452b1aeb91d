import Failures
import Glibc

/// The mailboxes that the ranks of `ThreadCommunicator` share.
///
/// Unchecked, because every access to the state is under the mutex.
final class ThreadGroup: @unchecked Sendable {
    struct Route: Hashable {
        let from: Int, to: Int, tag: Int
    }

    struct Letter: Hashable {
        let route: Route, number: Int
    }

    let ranks: Int
    // Allocated, because a mutex must not move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var letters: [Letter: [UInt8]] = [:]
    private var posted: [Route: Int] = [:]
    private var awaited: [Route: Int] = [:]
    private var error: (any Error)?

    init(ranks: Int) {
        self.ranks = ranks
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(change, nil)
    }

    deinit {
        pthread_cond_destroy(change)
        pthread_mutex_destroy(mutex)
        change.deallocate()
        mutex.deallocate()
    }

    func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    func fail(_ failure: any Error) {
        locked {
            if error == nil { error = failure }
            pthread_cond_broadcast(change)
        }
    }

    var firstError: (any Error)? { locked { error } }

    func post(_ bytes: [UInt8], from: Int, to: Int, tag: Int) {
        locked {
            let route = Route(from: from, to: to, tag: tag)
            letters[Letter(route: route, number: posted[route, default: 0])] = bytes
            posted[route, default: 0] += 1
            pthread_cond_broadcast(change)
        }
    }

    /// The number of the next letter on this route that nobody waits for yet.
    func nextIncoming(from: Int, to: Int, tag: Int) -> Int {
        locked {
            let route = Route(from: from, to: to, tag: tag)
            defer { awaited[route, default: 0] += 1 }
            return awaited[route, default: 0]
        }
    }

    /// Waits for a letter and removes it.
    func take(from: Int, to: Int, tag: Int, number: Int) throws -> [UInt8] {
        let letter = Letter(route: Route(from: from, to: to, tag: tag), number: number)
        return try locked {
            while true {
                if let bytes = letters.removeValue(forKey: letter) { return bytes }
                try throwIf(error)
                pthread_cond_wait(change, mutex)
            }
        }
    }

    func hasArrived(from: Int, to: Int, tag: Int, number: Int) -> Bool {
        locked { letters[Letter(route: Route(from: from, to: to, tag: tag), number: number)] != nil }
    }

    func throwIfFailed() throws { try throwIf(firstError) }

    private func throwIf(_ error: (any Error)?) throws {
        if let error { throw Failure(.internalError, "another rank failed: \(error)") }
    }
}
