/// Tickets of a number that belongs to rank 0. The ranks of its machine count it up in memory that they share, where
/// the system lets them; all others ask by message, and a thread of rank 0's answers.
///
/// MPI's one-sided operations would need no help of rank 0, but between machines many installations have none.
public final class ServedTicketCounter: TicketCounter {
    private let communicator: any Communicator
    private let tag: Int
    /// Nil on ranks that ask by message.
    private let count: TicketCount?
    private var hasFirst = false
    /// On rank 0, if there are ranks that ask by message.
    private let server: TicketServer?

    /// Collective.
    public init(_ communicator: any Communicator) throws {
        self.communicator = communicator
        let rank = communicator.rank, size = communicator.size, tag = communicator.reserveTags(2)
        self.tag = tag
        let bytes = 2 * NodeWindow.markBytes
        let opened = size == 1 ? nil : try NodeWindow.open(communicator, bytes: bytes, isWanted: true)
        let window = communicator.neighbours[0] == 0 ? opened : nil
        count = window != nil || rank == 0 ? TicketCount(first: size, in: window) : nil
        let counting = window == nil ? [0] : communicator.neighbours
        let clients = (0..<size).filter { !counting.contains($0) }
        guard rank == 0, let count, !clients.isEmpty else {
            server = nil
            return
        }
        server = try TicketServer(of: count, to: clients, communicator, tag: tag)
    }

    public func next() throws -> Int {
        guard hasFirst else {
            // Its own number, which nobody has to be asked for.
            hasFirst = true
            return communicator.rank
        }
        return try count?.next() ?? ask()
    }

    public func release() throws {
        try communicator.heartbeat.waiting(in: "the end of the tickets") {
            if count == nil {
                try [TicketServer.leaves].withUnsafeBytes {
                    try communicator.exchange(sends: [OutgoingMessage(to: 0, $0)], receives: [], tag: tag).wait()
                }
            }
            try server?.finish()
        }
    }

    private func ask() throws -> Int {
        try communicator.heartbeat.waiting(in: "a ticket") {
            var ticket: Int64 = 0
            try withUnsafeMutableBytes(of: &ticket) { ticket in
                try [TicketServer.wantsTicket].withUnsafeBytes { request in
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
