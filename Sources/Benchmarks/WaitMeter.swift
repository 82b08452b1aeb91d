import Distributed
import Tracing

/// A communicator that passes everything on to another one and adds up the time that its calls take: on a rank that is
/// done before the others, the time that it waits for them.
final class WaitMeter: Communicator {
    private(set) var seconds = 0.0
    private let other: any Communicator

    init(_ other: any Communicator) { self.other = other }

    private func measured<Result>(_ call: () throws -> Result) rethrows -> Result {
        let start = monotonicSeconds()
        defer { seconds += monotonicSeconds() - start }
        return try call()
    }

    var rank: Int { other.rank }
    var size: Int { other.size }
    var nodeRank: Int { other.nodeRank }
    var nodeSize: Int { other.nodeSize }
    var heartbeat: Heartbeat { other.heartbeat }

    func barrier() throws { try measured { try other.barrier() } }
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try measured { try other.broadcast(bytes, from: root) }
    }
    func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try measured { try other.allGather(bytes) } }
    func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
        try measured { try other.gather(bytes, to: root) }
    }
    func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws -> any Exchange {
        Waiting(try measured { try other.exchange(sends: sends, receives: receives, tag: tag) }, self)
    }
    func reserveTags(_ count: Int) -> Int { other.reserveTags(count) }
    func makeTicketCounter() throws -> any TicketCounter {
        Counting(try measured { try other.makeTicketCounter() }, self)
    }
    func leave() throws { try other.leave() }
    func abort(_ line: String, code: Int32) -> Never { other.abort(line, code: code) }

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
