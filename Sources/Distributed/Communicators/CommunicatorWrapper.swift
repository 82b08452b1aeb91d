/// A communicator that passes everything on to another one: a base for those that measure or change a part of it.
open class CommunicatorWrapper: Communicator {
    private let wrapped: any Communicator

    public init(_ wrapped: any Communicator) { self.wrapped = wrapped }

    open var rank: Int { wrapped.rank }
    open var size: Int { wrapped.size }
    open var neighbours: [Int] { wrapped.neighbours }
    open var hosts: [String] { wrapped.hosts }
    open var heartbeat: Heartbeat { wrapped.heartbeat }

    open func barrier() throws { try wrapped.barrier() }
    open func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        try wrapped.broadcast(bytes, from: root)
    }
    open func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] { try wrapped.allGather(bytes) }
    open func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] { try wrapped.gather(bytes, to: root) }
    open func exchange(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) throws -> any Exchange { try wrapped.exchange(sends: sends, receives: receives, tag: tag) }
    open func progress() throws { try wrapped.progress() }
    open func reserveTags(_ count: Int) -> Int { wrapped.reserveTags(count) }
    open func makeTicketCounter() throws -> any TicketCounter { try wrapped.makeTicketCounter() }
    open func leave() throws { try wrapped.leave() }
    open func abort(_ line: String, code: Int32) -> Never { wrapped.abort(line, code: code) }
}
