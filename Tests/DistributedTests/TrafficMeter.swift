import Distributed

/// A communicator that counts the bytes it sends to other machines.
final class TrafficMeter: Communicator {
    private let other: any Communicator
    private(set) var bytes = 0

    init(_ other: any Communicator) { self.other = other }

    private var machine: Range<Int> { (rank - nodeRank)..<(rank - nodeRank + nodeSize) }

    func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws -> any Exchange {
        bytes += sends.filter { !machine.contains($0.rank) }.map(\.bytes.count).reduce(0, +)
        return try other.exchange(sends: sends, receives: receives, tag: tag)
    }

    var rank: Int { other.rank }
    var size: Int { other.size }
    var nodeRank: Int { other.nodeRank }
    var nodeSize: Int { other.nodeSize }
    var heartbeat: Heartbeat { other.heartbeat }
    func barrier() throws { try other.barrier() }
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try other.broadcast(bytes, from: root)
    }
    func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try other.allGather(bytes) }
    func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] { try other.gather(bytes, to: root) }
    func reserveTags(_ count: Int) -> Int { other.reserveTags(count) }
    func makeTicketCounter() throws -> any TicketCounter { try other.makeTicketCounter() }
    func leave() throws { try other.leave() }
    func abort(_ line: String, code: Int32) -> Never { other.abort(line, code: code) }
}
