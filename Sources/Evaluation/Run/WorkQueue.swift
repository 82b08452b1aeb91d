import Distributed

/// Blocks of work for whichever rank is free: attacks take very different times on different images.
struct WorkQueue {
    private let communicator: any Communicator

    init(_ communicator: any Communicator) { self.communicator = communicator }

    /// Calls `body` with blocks until there is none left. Collective; returns when this rank has no more to do.
    func run(_ blocks: SampleBlocks, _ body: (_ number: Int, _ samples: [Int]) throws -> Void) throws {
        let tickets = try communicator.makeTicketCounter()
        while case let ticket = try tickets.next(), let samples = blocks.block(ticket) { try body(ticket, samples) }
        try tickets.release()
    }
}
