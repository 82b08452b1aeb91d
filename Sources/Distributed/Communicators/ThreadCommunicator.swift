import Failures
import Glibc

/// A rank that is a thread of this process: a stand-in for MPI in tests.
public final class ThreadCommunicator: Communicator {
    public let rank: Int
    public let heartbeat: Heartbeat
    private let group: ThreadGroup
    private var nextTag = 0
    private let perMachine: Int

    init(rank: Int, perMachine: Int, group: ThreadGroup) {
        self.rank = rank
        self.perMachine = perMachine
        self.group = group
        heartbeat = Heartbeat()
    }

    /// Runs `body` once for each of `ranks` ranks at the same time and returns the results in rank order.
    /// - Parameter perMachine: ranks that say they are on one machine, or nil for all of them; fewer are on the last.
    /// - Throws: the error of the rank that failed first; the others' calls throw from then on.
    public static func run<Result: Sendable>(
        ranks: Int, perMachine: Int? = nil, _ body: @escaping @Sendable (ThreadCommunicator) throws -> Result
    ) throws -> [Result] {
        precondition(ranks > 0, "ThreadCommunicator: \(ranks) ranks")
        let group = ThreadGroup(ranks: ranks), perMachine = perMachine ?? ranks
        let results = Results<Result>(ranks)
        try start(rank: 0, of: group) { rank in
            do {
                let result = try body(ThreadCommunicator(rank: rank, perMachine: perMachine, group: group))
                group.locked { results.list[rank] = result }
            } catch {
                group.fail(error)
            }
        }
        if let error = group.firstError { throw error }
        return results.list.compactMap { $0 }
    }

    /// Starts one thread after another by recursion, because a thread that must be joined cannot be kept in an array.
    private static func start(rank: Int, of group: ThreadGroup, _ body: @escaping @Sendable (Int) -> Void) throws {
        guard rank < group.ranks else { return }
        let thread = try SystemThread { body(rank) }
        do {
            try start(rank: rank + 1, of: group, body)
        } catch {
            group.fail(error)
        }
        thread.join()
    }

    /// Unchecked, because it is only touched under the group's lock, and after all threads are joined.
    private final class Results<Result>: @unchecked Sendable {
        var list: [Result?]
        init(_ count: Int) { list = Array(repeating: nil, count: count) }
    }

    public var size: Int { group.ranks }
    public var neighbours: [Int] {
        let first = rank / perMachine * perMachine
        return Array(first..<min(size, first + perMachine))
    }
    public var hosts: [String] { (0..<size).map { "host\($0 / perMachine + 1)" } }

    /// Apart from all tags that an exchange may use.
    private let collectiveTag = -1

    public func barrier() throws { _ = try allGather([]) }

    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        precondition(root >= 0 && root < size, "broadcast: root \(root) of \(size) ranks")
        let others = (0..<size).filter { $0 != root }
        try exchangeUnchecked(
            sends: rank == root ? others.map { OutgoingMessage(to: $0, UnsafeRawBufferPointer(bytes)) } : [],
            receives: rank == root ? [] : [IncomingMessage(from: root, bytes)], tag: collectiveTag
        ).wait()
    }

    public func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
        for peer in 0..<size { group.post(bytes, from: rank, to: peer, tag: collectiveTag) }
        return try heartbeat.waiting(in: "all-gather") {
            try (0..<size).map { peer in
                let number = group.nextIncoming(from: peer, to: rank, tag: collectiveTag)
                return try group.take(from: peer, to: rank, tag: collectiveTag, number: number)
            }
        }
    }

    public func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
        precondition(root >= 0 && root < size, "gather: root \(root) of \(size) ranks")
        let all = try allGather(bytes)
        return rank == root ? all : []
    }

    public func exchange(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) throws -> any Exchange {
        precondition(tag >= 0, "exchange: tag \(tag)")
        for peer in sends.map(\.rank) + receives.map(\.rank) {
            precondition(peer >= 0 && peer < size && peer != rank, "exchange: rank \(rank) with rank \(peer)")
        }
        return exchangeUnchecked(sends: sends, receives: receives, tag: tag)
    }

    private func exchangeUnchecked(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) -> any Exchange {
        for message in sends { group.post(Array(message.bytes), from: rank, to: message.rank, tag: tag) }
        let expected = receives.map { message in
            ThreadExchange.Expected(
                message: message, number: group.nextIncoming(from: message.rank, to: rank, tag: tag))
        }
        return ThreadExchange(group, heartbeat, rank: rank, tag: tag, expected)
    }

    public func progress() throws { try group.throwIfFailed() }

    public func reserveTags(_ count: Int) -> Int {
        defer { nextTag += count }
        return nextTag
    }

    public func makeTicketCounter() throws -> any TicketCounter { try ServedTicketCounter(self) }

    public func leave() {}

    /// Ends the process, and with it all ranks.
    public func abort(_ line: String, code: Int32) -> Never { endProcess(line, code: code) }
}
