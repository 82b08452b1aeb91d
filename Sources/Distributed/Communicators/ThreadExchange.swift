import Failures

/// Messages between threads. Sends are copied at once, so only the receives are ever under way.
final class ThreadExchange: Exchange {
    struct Expected {
        let message: IncomingMessage
        let number: Int
    }

    private let group: ThreadGroup
    private let heartbeat: Heartbeat
    private let rank: Int
    private let tag: Int
    private var pending: [Expected]

    init(_ group: ThreadGroup, _ heartbeat: Heartbeat, rank: Int, tag: Int, _ expected: [Expected]) {
        self.group = group
        self.heartbeat = heartbeat
        self.rank = rank
        self.tag = tag
        pending = expected
    }

    func isComplete() throws -> Bool {
        try group.throwIfFailed()
        for expected in pending {
            guard
                group.hasArrived(
                    from: expected.message.rank, to: rank, tag: tag, number: expected.number)
            else { return false }
        }
        try wait()
        return true
    }

    func wait() throws {
        try heartbeat.waiting(in: "an exchange") {
            for expected in pending {
                let from = expected.message.rank, destination = expected.message.bytes
                let bytes = try group.take(from: from, to: rank, tag: tag, number: expected.number)
                guard bytes.count == destination.count else {
                    throw Failure(
                        .internalError,
                        "exchange: \(bytes.count) bytes from rank \(from), expected \(destination.count)")
                }
                destination.copyBytes(from: bytes)
            }
            pending = []
        }
    }
}
