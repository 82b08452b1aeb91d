import Distributed

/// A communicator whose ranks say that only so many of them are on each machine.
final class SeveralMachines: Communicator {
    private let other: any Communicator
    private let perMachine: Int

    init(_ other: any Communicator, perMachine: Int) {
        self.other = other
        self.perMachine = perMachine
    }

    var nodeRank: Int { rank % perMachine }
    var nodeSize: Int { min(perMachine, size - rank / perMachine * perMachine) }
    var rank: Int { other.rank }
    var size: Int { other.size }
    var heartbeat: Heartbeat { other.heartbeat }
    func barrier() throws { try other.barrier() }
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try other.broadcast(bytes, from: root)
    }
    func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try other.allGather(bytes) }
    func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] { try other.gather(bytes, to: root) }
    func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws -> any Exchange {
        try other.exchange(sends: sends, receives: receives, tag: tag)
    }
    func reserveTags(_ count: Int) -> Int { other.reserveTags(count) }
    func makeTicketCounter() throws -> any TicketCounter { try other.makeTicketCounter() }
    func leave() throws { try other.leave() }
    func abort(_ line: String, code: Int32) -> Never { other.abort(line, code: code) }
}
