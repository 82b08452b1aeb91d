import Failures
import Kernels
import Tracing

/// Tries on all hosts of a job what its work will use: memory that ranks share, tickets, messages between hosts, sums.
/// Collective throughout; what is found is the same on every rank.
public struct JobTrial {
    private let communicator: any Communicator

    public init(_ communicator: any Communicator) { self.communicator = communicator }

    /// The ranks that the system gives no memory to share, by host; "" if there are none.
    public func withoutSharedMemory() throws -> String {
        let has = SharedMemory(bytes: 1 << 20) != nil
        let flags = try communicator.allGatherValue(has)
        return describe(flags.indices.filter { !flags[$0] }, on: communicator.hosts)
    }

    /// Whether neighbours see each other's memory, everywhere.
    public func neighboursShareMemory() throws -> Bool {
        try NodeWindow.open(communicator, bytes: NodeWindow.markBytes, isWanted: true) != nil
    }

    /// Whether every ticket is handed out once.
    public func ticketsAreWhole() throws -> Bool {
        let counter = try communicator.makeTicketCounter(), count = 8 * communicator.size
        var mine: [Int] = []
        while case let ticket = try counter.next(), ticket < count { mine.append(ticket) }
        try counter.release()
        return try communicator.allGatherElements(mine).sorted() == Array(0..<count)
    }

    /// What a message takes between two hosts.
    public struct Link: Sendable, BitwiseCopyable {
        /// The ranks at its ends.
        public let first: Int, second: Int
        /// Of a small message, one way.
        public let seconds: Double
        /// Of large ones, in each direction at once.
        public let bytesPerSecond: Double
    }

    /// Between the first ranks of any two machines, or of neighbouring ones where there are many.
    public func links() throws -> [Link] {
        let leaders = Array(Set(try communicator.allGatherValue(communicator.neighbours[0]))).sorted()
        let isMany = leaders.count > 16, tag = communicator.reserveTags(1)
        var mine: [Link] = []
        for (place, first) in leaders.enumerated() {
            for (other, second) in leaders.enumerated() where other > place && (!isMany || other == place + 1) {
                guard let peer = communicator.rank == first ? second : communicator.rank == second ? first : nil
                else { continue }
                let seconds = try exchangeTime(with: peer, bytes: 8, times: 20, tag) / 20
                let large = 4 << 20, times = 4
                let rate = Double(large * times) / (try exchangeTime(with: peer, bytes: large, times: times, tag))
                if communicator.rank == first {
                    mine.append(Link(first: first, second: second, seconds: seconds, bytesPerSecond: rate))
                }
            }
        }
        return try communicator.allGatherElements(mine)
    }

    private func exchangeTime(with peer: Int, bytes: Int, times: Int, _ tag: Int) throws -> Double {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * bytes, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var start = 0.0
        // The first one connects.
        for number in 0...times {
            if number == 1 { start = monotonicSeconds() }
            try communicator.exchange(
                sends: [OutgoingMessage(to: peer, UnsafeRawBufferPointer(rebasing: memory[..<bytes]))],
                receives: [IncomingMessage(from: peer, UnsafeMutableRawBufferPointer(rebasing: memory[bytes...]))],
                tag: tag
            ).wait()
        }
        return max(monotonicSeconds() - start, 1e-9)
    }

    /// A sum over all ranks as a training step makes it.
    public func sum() throws -> (way: TreeReduction.Way, seconds: Double, isRight: Bool) {
        let shards = 1 << (Int.bitWidth - (communicator.size - 1).leadingZeroBitCount), count = 1 << 20
        let sum = try TreeReduction(communicator, tree: ShardTree(shards: shards), count: count)
        var seconds = 0.0, isRight = true
        for _ in 0..<2 {
            let start = monotonicSeconds()
            for shard in sum.shards {
                sum.beginShard().update(repeating: Scalar(shard + 1))
                try sum.endShard()
            }
            // Small whole numbers, so any order gives the same.
            let expected = Scalar(shards * (shards + 1) / 2)
            isRight = try sum.finish().allSatisfy { $0 == expected } && isRight
            seconds = monotonicSeconds() - start
        }
        return (sum.way, seconds, try !communicator.anyRank(!isRight))
    }

    /// How far the clock of each rank is ahead of rank 0's, in seconds, but for the time of a message.
    public func clockDifferences() throws -> [Double] {
        try communicator.barrier()
        let clocks = try communicator.allGatherValue(wallClockSeconds())
        return clocks.map { $0 - clocks[0] }
    }
}
