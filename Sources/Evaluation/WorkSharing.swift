import Distributed

/// Blocks of work for whichever rank is free: attacks take very different times on different images.
final class WorkSharing {
    private let communicator: any Communicator
    private let tag: Int
    /// The last rank's word to rank 0 that it has run out of work. While rank 0 is busy, asking for it makes MPI answer
    /// the requests for tickets that come from other machines.
    private var lastWord: (any Exchange)?

    /// Collective.
    init(_ communicator: any Communicator) {
        self.communicator = communicator
        tag = communicator.reserveTags(1)
    }

    /// Calls `body` with blocks until there is none left. Collective; returns when this rank has no more to do.
    func run(_ blocks: SampleBlocks, _ body: (_ number: Int, _ samples: [Int]) throws -> Void) throws {
        let word = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        word[0] = 0
        var isUnderWay = false
        // After a failure the message may still be on its way; then the byte is left to it.
        defer { if !isUnderWay { word.deallocate() } }
        let sender = communicator.size - 1
        if communicator.size > 1, communicator.rank == 0 {
            isUnderWay = true
            lastWord = try communicator.exchange(sends: [], receives: [IncomingMessage(from: sender, word)], tag: tag)
        }
        let tickets = try communicator.makeTicketCounter()
        while case let ticket = try tickets.next(), let samples = blocks.block(ticket) { try body(ticket, samples) }
        if communicator.size > 1, communicator.rank == sender {
            isUnderWay = true
            lastWord = try communicator.exchange(
                sends: [OutgoingMessage(to: 0, UnsafeRawBufferPointer(word))], receives: [], tag: tag)
        }
        try lastWord?.wait()
        lastWord = nil
        isUnderWay = false
        try tickets.release()
    }

    /// To be called now and then by `body`. An error will come again where it can be thrown.
    func serve() { _ = try? lastWord?.isComplete() }
}
