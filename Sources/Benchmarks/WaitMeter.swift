import Distributed
import Tracing

/// Adds up the time that a communicator's calls take: on a rank that is done before the others, the time that it waits
/// for them.
final class WaitMeter: CommunicatorWrapper {
    private(set) var seconds = 0.0

    private func measured<Result>(_ call: () throws -> Result) rethrows -> Result {
        let start = monotonicSeconds()
        defer { seconds += monotonicSeconds() - start }
        return try call()
    }

    override func barrier() throws { try measured { try super.barrier() } }
    override func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try measured { try super.broadcast(bytes, from: root) }
    }
    override func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try measured { try super.allGather(bytes) } }
    override func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
        try measured { try super.gather(bytes, to: root) }
    }
    override func exchange(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) throws -> any Exchange {
        Waiting(try measured { try super.exchange(sends: sends, receives: receives, tag: tag) }, self)
    }
    override func makeTicketCounter() throws -> any TicketCounter {
        Counting(try measured { try super.makeTicketCounter() }, self)
    }

    private final class Waiting: Exchange {
        let exchange: any Exchange
        let meter: WaitMeter
        init(_ exchange: any Exchange, _ meter: WaitMeter) { (self.exchange, self.meter) = (exchange, meter) }
        func isComplete() throws -> Bool { try meter.measured { try exchange.isComplete() } }
        func wait() throws { try meter.measured { try exchange.wait() } }
    }

    private final class Counting: TicketCounter {
        let counter: any TicketCounter
        let meter: WaitMeter
        init(_ counter: any TicketCounter, _ meter: WaitMeter) { (self.counter, self.meter) = (counter, meter) }
        func next() throws -> Int { try meter.measured { try counter.next() } }
        func release() throws { try meter.measured { try counter.release() } }
    }
}
