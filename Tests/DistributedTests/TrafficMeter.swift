import Distributed

/// Counts the bytes that a rank sends to other machines.
final class TrafficMeter: CommunicatorWrapper {
    private(set) var bytes = 0

    override func exchange(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) throws -> any Exchange {
        let first = rank - nodeRank, machine = first..<first + nodeSize
        bytes += sends.filter { !machine.contains($0.rank) }.map(\.bytes.count).reduce(0, +)
        return try super.exchange(sends: sends, receives: receives, tag: tag)
    }
}
