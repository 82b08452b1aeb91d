import Failures
import Synchronization
import Tracing

/// Answers the ranks that ask rank 0 for tickets by message, on a thread of its own, so that nobody waits for what rank
/// 0 computes.
final class TicketServer {
    /// What a rank sends.
    static let wantsTicket: UInt8 = 1, leaves: UInt8 = 0

    private let thread: BackgroundThread
    private let clients: Clients

    /// - Parameters:
    ///   - ranks: those that ask, until each of them has left.
    ///   - tag: of requests; the next one is that of answers.
    init(of count: TicketCount, to ranks: [Int], _ communicator: any Communicator, tag: Int) throws {
        let clients = try Clients(ranks, communicator, tag: tag)
        self.clients = clients
        thread = try BackgroundThread("tickets") { pause in clients.serve(count, pause) }
    }

    /// Waits until all ranks have left.
    func finish() throws {
        thread.join()
        try clients.failure.withLock { if let failure = $0 { throw failure } }
    }

    /// Unchecked, because the clients are the thread's alone once it has started.
    private final class Clients: @unchecked Sendable {
        private let communicator: any Communicator
        private var clients: [TicketClient]
        let failure = Mutex<Failure?>(nil)

        /// Between two looks. Most of rank 0's core is left to what it computes, however many clients there are.
        private static let interval = 1e-3, part = 0.02

        init(_ ranks: [Int], _ communicator: any Communicator, tag: Int) throws {
            self.communicator = communicator
            clients = try ranks.map { try TicketClient(of: $0, communicator, tag: tag) }
        }

        func serve(_ count: TicketCount, _ pause: BackgroundThread.Pause) {
            do {
                var busy = 0.0
                while !clients.isEmpty, pause(max(Self.interval, busy / Self.part)) {
                    let start = threadTimeSeconds()
                    try communicator.progress()
                    for client in clients { try client.serve(count) }
                    clients.removeAll { $0.hasLeft }
                    busy = threadTimeSeconds() - start
                }
            } catch {
                let failure = error as? Failure ?? Failure(.internalError, "tickets: \(error)")
                self.failure.withLock { $0 = failure }
            }
        }
    }
}

/// A rank that asks rank 0 for tickets, as rank 0 sees it.
private final class TicketClient {
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

    /// Never waits: a wait would count as the main thread's.
    func serve(_ count: TicketCount) throws {
        // An answer that has come is also seen to have gone, some time before its memory is needed again.
        guard !hasLeft, try request.isComplete(), try answer?.isComplete() ?? true else { return }
        guard memory[8] == TicketServer.wantsTicket else {
            hasLeft = true
            return
        }
        request = try Self.expect(rank, communicator, tag, memory)
        memory.storeBytes(of: Int64(count.next()), as: Int64.self)
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
