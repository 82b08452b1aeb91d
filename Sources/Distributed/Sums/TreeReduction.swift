import Failures
import Kernels

/// Sums one flat vector of Scalars over all shards of all ranks, with the same bits for every number of ranks.
///
/// A rank adds up its own shards while they are computed. Then each bucket of the vector is cut into one slice a
/// rank, and a slice's owner joins all ranks' pieces of it along the tree: through shared memory on one machine,
/// through shared memory and then by messages between machines with as many ranks each, and else by messages.
/// Buckets travel while others are still computed.
///
///     while more shards { let gradient = sum.beginShard(); ...; sum.endShard() }
///     let total = try sum.finish()
public final class TreeReduction {
    /// 4 MB of Float: on one machine the fastest of 0.25, 1 and 4 MB, and still several pieces of a large model.
    public static let defaultBucketLength = 1 << 20

    /// The shards of this rank; possibly none.
    public let shards: Range<Int>
    /// The stretches of the vector that travel together.
    public let buckets: Buckets
    /// How ranks get each other's sums; the same on every rank.
    public let way: Way
    private let communicator: any Communicator
    private let accumulator: TreeAccumulator
    /// Nil where there is no other rank.
    private let ranks: (any RankSum)?
    private let pool: VectorPool
    /// Where the result grows: in this rank's first piece.
    private let target: UnsafeMutablePointer<Scalar>
    private var isReady: [Bool]
    private var hasResult = false

    /// How ranks get each other's sums.
    public enum Way: String, Sendable {
        case alone, messages
        case sharedMemory = "shared memory"
        case sharedMemoryThenMessages = "shared memory, then messages"
    }

    /// Collective.
    /// - Parameters:
    ///   - count: the length of the vector.
    ///   - bucketLength: elements of the vector that travel together.
    ///   - bucketsInFlight: how many buckets may be under way at a time, if they travel by messages.
    ///   - sharingMemory: whether to try shared memory. One rank that does not want it is enough for messages.
    /// - Throws: `Failure` if the ranks disagree about the parameters.
    public init(
        _ communicator: any Communicator, tree: ShardTree, count: Int,
        bucketLength: Int = TreeReduction.defaultBucketLength, bucketsInFlight: Int = 8, sharingMemory: Bool = true
    ) throws {
        self.communicator = communicator
        buckets = Buckets(count: count, length: bucketLength)
        shards = tree.range(rank: communicator.rank, of: communicator.size)
        isReady = Array(repeating: shards.isEmpty, count: buckets.ranges.count)
        pool = VectorPool(count: count)

        let shape = [count, bucketLength, tree.shards].map { "\($0)" }.joined(separator: " ")
        let shapes = try communicator.allGather(Array(shape.utf8))
        guard shapes.allSatisfy({ $0 == shapes[0] }) else {
            throw Failure(
                .internalError,
                "ranks sum different vectors (elements, bucket, shards): "
                    + shapes.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "; "))
        }

        let plan = JoinPlan(tree: tree, ranks: communicator.size), own = plan.pieces[communicator.rank].count
        let window =
            communicator.size == 1
            ? nil
            : try SharedMemorySum(
                communicator, plan: plan, buckets: buckets, bucketsInFlight: bucketsInFlight, isWanted: sharingMemory)
        let pool = pool
        let vectors = window?.vectors ?? (0..<max(own, 1)).map { _ in pool.take() }
        let pieces = Array(vectors.prefix(own))
        target = vectors[0]
        if let window {
            ranks = window
            way = window.hasSeveralMachines ? .sharedMemoryThenMessages : .sharedMemory
        } else if communicator.size == 1 {
            ranks = nil
            way = .alone
        } else {
            ranks = MessageSum(
                communicator, members: Array(0..<communicator.size), plan: plan, sections: buckets.ranges,
                pieces: pieces, target: target, bucketsInFlight: bucketsInFlight)
            way = .messages
        }
        accumulator = TreeAccumulator(tree: tree, range: shards, pool: pool, places: pieces)
    }

    /// The vector of this rank's next shard, to be filled by the caller; its contents are arbitrary. Ends the life of
    /// the last result.
    public func beginShard() -> UnsafeMutableBufferPointer<Scalar> {
        if hasResult { startAnew() }
        return accumulator.begin()
    }

    /// Says that the open shard's part in this bucket is final: the caller neither writes nor reads it again. Any
    /// order is fine; buckets travel in the order of their numbers. Optional: `endShard` does it for the rest.
    public func bucketReady(_ bucket: Int) throws {
        precondition(!isReady[bucket], "TreeReduction: bucket \(bucket) was ready before")
        accumulator.add(buckets.ranges[bucket])
        isReady[bucket] = true
        if accumulator.isLastOpen { try progress() }
    }

    /// Says that the open shard's elements from `offset` to the end of the vector are final.
    public func ready(downTo offset: Int) throws {
        for (bucket, range) in buckets.ranges.enumerated() where range.lowerBound >= offset && !isReady[bucket] {
            try bucketReady(bucket)
        }
    }

    /// Says that the open shard's vector is final.
    public func endShard() throws {
        try ready(downTo: 0)
        accumulator.end()
        if !accumulator.isComplete { isReady = Array(repeating: false, count: isReady.count) }
    }

    /// Moves buckets on without waiting. Worth a call now and then during long computations.
    public func progress() throws {
        guard accumulator.isLastOpen || accumulator.isComplete else { return }
        try ranks?.advance(ready: isReady.firstIndex(of: false) ?? isReady.count)
    }

    /// Waits for the sum over all shards of all ranks. To be called on every rank once all its shards have ended, and
    /// by ranks that have none.
    /// - Returns: the whole sum, the caller's until the next `beginShard` or `finish`.
    public func finish() throws -> UnsafeMutableBufferPointer<Scalar> {
        if hasResult && shards.isEmpty { startAnew() }
        precondition(accumulator.isComplete && !hasResult, "TreeReduction: shards of \(shards) are missing")
        if let ranks { try communicator.heartbeat.waiting(in: "the sum over ranks") { try ranks.finish() } }
        hasResult = true
        return UnsafeMutableBufferPointer(start: target, count: buckets.count)
    }

    private func startAnew() {
        accumulator.reset()
        ranks?.startAnew()
        hasResult = false
        isReady = Array(repeating: shards.isEmpty, count: isReady.count)
    }
}
