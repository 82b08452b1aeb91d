import Glibc
import Synchronization

/// Tickets of a number that belongs to rank 0. The ranks of its machine count it up in memory that they share, where
/// the system lets them; all others ask by message, and rank 0 answers when it makes a call, `serve` among them.
///
/// MPI's one-sided operations would need no help of rank 0, but between machines many installations have none.
public final class ServedTicketCounter: TicketCounter {
    private let communicator: any Communicator
    private let tag: Int
    /// Nil where ranks do not count in memory; then rank 0 has a number of its own.
    private let window: NodeWindow?
    private let shared: SharedCount?
    private let own = Atomic<Int>(0)
    private var hasFirst = false
    /// On rank 0: those who ask by message, and an exchange of nothing.
    private var clients: [TicketClient] = []
    private var pulse: (any Exchange)?

    /// Collective.
    public init(_ communicator: any Communicator) throws {
        self.communicator = communicator
        let rank = communicator.rank, size = communicator.size, tag = communicator.reserveTags(2)
        self.tag = tag
        let bytes = 2 * NodeWindow.markBytes
        let opened = size == 1 ? nil : try NodeWindow.open(communicator, bytes: bytes, isWanted: true)
        window = communicator.neighbours[0] == 0 ? opened : nil
        shared = window.map { SharedCount(at: $0.block(0) + NodeWindow.markBytes) }
        guard rank == 0 else { return }
        pulse = try communicator.exchange(sends: [], receives: [], tag: tag)
        let counting = window == nil ? [0] : communicator.neighbours
        clients = try (0..<size).filter { !counting.contains($0) }.map {
            try TicketClient(of: $0, communicator, tag: tag)
        }
    }

    public func next() throws -> Int {
        guard hasFirst else {
            // Its own number, which nobody has to be asked for.
            hasFirst = true
            return communicator.rank
        }
        try serve()
        return asksByMessage ? try ask() : take()
    }

    public func serve() throws {
        guard !clients.isEmpty else { return }
        // MPI looks at the network in one of several calls, and tells of what has come in the call after it: without
        // these, whoever asks would wait for a second `serve`.
        for _ in 0..<Self.callsToHear { _ = try pulse?.isComplete() }
        for client in clients { try client.serve(take) }
    }

    private static let callsToHear = 9

    public func release() throws {
        try communicator.heartbeat.waiting(in: "the end of the tickets") {
            if asksByMessage {
                try [TicketClient.leaves].withUnsafeBytes {
                    try communicator.exchange(sends: [OutgoingMessage(to: 0, $0)], receives: [], tag: tag).wait()
                }
            }
            while clients.contains(where: { !$0.hasLeft }) {
                try serve()
                // The rank that is waited for may need this core.
                sched_yield()
            }
        }
    }

    private var asksByMessage: Bool { communicator.rank > 0 && shared == nil }

    private func take() -> Int {
        communicator.size + (shared?.next() ?? own.wrappingAdd(1, ordering: .relaxed).oldValue)
    }

    private func ask() throws -> Int {
        try communicator.heartbeat.waiting(in: "a ticket") {
            var ticket: Int64 = 0
            try withUnsafeMutableBytes(of: &ticket) { ticket in
                try [TicketClient.wantsTicket].withUnsafeBytes { request in
                    let answer = try communicator.exchange(
                        sends: [], receives: [IncomingMessage(from: 0, ticket)], tag: tag + 1)
                    try communicator.exchange(sends: [OutgoingMessage(to: 0, request)], receives: [], tag: tag).wait()
                    try answer.wait()
                }
            }
            return Int(ticket)
        }
    }
}

/// A rank that asks rank 0 for tickets, as rank 0 sees it.
private final class TicketClient {
    static let wantsTicket: UInt8 = 1, leaves: UInt8 = 0

    private let rank: Int, tag: Int
    private let communicator: any Communicator
    /// The ticket that is being sent, and the request that is waited for.
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
    private var request: any Exchange
    private var answer: (any Exchange)?
    private(set) var hasLeft = false

    init(of rank: Int, _ communicator: any Communicator, tag: Int) throws {
        self.rank = rank
        self.tag = tag
        self.communicator = communicator
        request = try Self.expect(rank, communicator, tag, memory)
    }

    // After a failure a message may still be on its way; then the memory is left to it.
    deinit { if hasLeft { memory.deallocate() } }

    func serve(_ take: () -> Int) throws {
        guard !hasLeft, try request.isComplete() else { return }
        // It has come if its rank asks again.
        try answer?.wait()
        guard memory[8] == Self.wantsTicket else {
            hasLeft = true
            return
        }
        request = try Self.expect(rank, communicator, tag, memory)
        memory.storeBytes(of: Int64(take()), as: Int64.self)
        let ticket = UnsafeRawBufferPointer(rebasing: memory[..<8])
        answer = try communicator.exchange(sends: [OutgoingMessage(to: rank, ticket)], receives: [], tag: tag + 1)
    }

    private static func expect(
        _ rank: Int, _ communicator: any Communicator, _ tag: Int, _ memory: UnsafeMutableRawBufferPointer
    ) throws -> any Exchange {
        let byte = UnsafeMutableRawBufferPointer(rebasing: memory[8..<9])
        return try communicator.exchange(sends: [], receives: [IncomingMessage(from: rank, byte)], tag: tag)
    }
}
