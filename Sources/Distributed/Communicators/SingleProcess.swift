/// A job of one rank, without MPI.
public final class SingleProcess: Communicator {
    public let heartbeat: Heartbeat
    private var nextTag = 0

    public init(heartbeat: Heartbeat = Heartbeat()) { self.heartbeat = heartbeat }

    public var rank: Int { 0 }
    public var size: Int { 1 }
    public var neighbours: [Int] { [0] }
    public var hosts: [String] { [hostName()] }

    public func barrier() {}

    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
        precondition(root == 0, "broadcast: root \(root) of 1 rank")
    }

    public func allGather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }

    public func gather(_ bytes: [UInt8], to root: Int) -> [[UInt8]] {
        precondition(root == 0, "gather: root \(root) of 1 rank")
        return [bytes]
    }

    public func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) -> any Exchange {
        precondition(sends.isEmpty && receives.isEmpty, "exchange: there is no other rank")
        return NothingToExchange()
    }

    public func progress() {}

    public func reserveTags(_ count: Int) -> Int {
        defer { nextTag += count }
        return nextTag
    }

    public func makeTicketCounter() throws -> any TicketCounter { try ServedTicketCounter(self) }

    public func leave() {}

    public func abort(_ line: String, code: Int32) -> Never { endProcess(line, code: code) }
}

private final class NothingToExchange: Exchange {
    func isComplete() -> Bool { true }
    func wait() {}
}
