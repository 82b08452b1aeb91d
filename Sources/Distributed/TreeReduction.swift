import Failures
import Kernels

/// Sums one flat vector of Scalars over all shards of all ranks, with the same bits for every number of ranks.
///
/// A rank adds up its own shards while they are computed. Then each bucket of the vector is cut into one slice a
/// rank: every rank sends its pieces of a slice to the slice's owner, who joins them along the tree and sends the sum
/// to all. Buckets travel while others are still computed.
///
///     while more shards { let gradient = sum.beginShard(); ...; sum.endShard() }
///     let total = try sum.finish()
public final class TreeReduction {
    /// 4 MB of Float: on one machine the fastest of 0.25, 1 and 4 MB, and still several pieces of a large model.
    public static let defaultBucketLength = 1 << 20

    /// The shards of this rank; possibly none.
    public let shards: Range<Int>
    public let buckets: Buckets
    private let communicator: any Communicator
    private let plan: JoinPlan
    private let pool: VectorPool
    private let accumulator: TreeAccumulator
    private let bucketsInFlight: Int
    private let firstTag: Int
    private var isReady: [Bool]
    /// Buckets are launched in the same order everywhere: ranks that held different ones in flight would wait for
    /// each other for ever.
    private var launched = 0
    private var flights: [BucketFlight] = []
    private var spareScratch: [UnsafeMutablePointer<Scalar>] = []
    private let scratchCount: Int
    private var result: UnsafeMutablePointer<Scalar>?
    private var borrowed: UnsafeMutablePointer<Scalar>?

    /// Collective.
    /// - Parameters:
    ///   - count: the length of the vector.
    ///   - bucketLength: elements of the vector that travel together.
    ///   - bucketsInFlight: how many buckets may be under way at a time.
    /// - Throws: `Failure` if the ranks disagree about the parameters.
    public init(
        _ communicator: any Communicator, tree: ShardTree, count: Int,
        bucketLength: Int = TreeReduction.defaultBucketLength, bucketsInFlight: Int = 8
    ) throws {
        precondition(bucketsInFlight > 0, "TreeReduction: \(bucketsInFlight) buckets in flight")
        let ranks = communicator.size, rank = communicator.rank
        self.communicator = communicator
        self.bucketsInFlight = bucketsInFlight
        buckets = Buckets(count: count, length: bucketLength)
        shards = tree.range(rank: rank, of: ranks)
        plan = JoinPlan(tree: tree, ranks: ranks)
        pool = VectorPool(count: count)
        accumulator = TreeAccumulator(tree: tree, range: shards, pool: pool)
        isReady = Array(repeating: false, count: buckets.ranges.count)
        firstTag = communicator.reserveTags(2 * buckets.ranges.count)
        let foreignPieces = plan.pieceCount - plan.pieces[rank].count
        let buckets = buckets
        let longest = buckets.ranges.indices.map { buckets.slice($0, rank: rank, of: ranks).count }.max() ?? 0
        scratchCount = foreignPieces * longest

        let shape = [count, bucketLength, tree.shards].map { "\($0)" }.joined(separator: " ")
        let shapes = try communicator.allGather(Array(shape.utf8))
        guard shapes.allSatisfy({ $0 == shapes[0] }) else {
            throw Failure(
                .internalError, "ranks sum different vectors (elements, bucket, shards): "
                    + shapes.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "; "))
        }
    }

    deinit { for scratch in spareScratch { scratch.deallocate() } }

    /// The vector of this rank's next shard, to be filled by the caller; its contents are arbitrary. Ends the life of
    /// the last result.
    public func beginShard() -> UnsafeMutableBufferPointer<Scalar> {
        if result != nil { startAnew() }
        return accumulator.begin()
    }

    /// Says that the open shard's part in this bucket is final: the caller neither writes nor reads it again. Any
    /// order is fine; buckets travel in the order of their numbers. Optional: `endShard` does it for the rest.
    public func bucketReady(_ bucket: Int) throws {
        precondition(!isReady[bucket], "TreeReduction: bucket \(bucket) was ready before")
        accumulator.add(buckets.ranges[bucket])
        isReady[bucket] = true
        if accumulator.isLastOpen { try launch() }
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

    /// Moves messages on without waiting. Worth a call now and then during long computations.
    public func progress() throws { try launch() }

    /// Waits for the sum over all shards of all ranks. To be called on every rank once all its shards have ended, and
    /// by ranks that have none.
    /// - Returns: the whole sum, the caller's until the next `beginShard` or `finish`.
    public func finish() throws -> UnsafeMutableBufferPointer<Scalar> {
        if result != nil && shards.isEmpty { startAnew() }
        precondition(accumulator.isComplete && result == nil, "TreeReduction: shards of \(shards) are missing")
        let target = target(accumulator.pieces)
        if communicator.size > 1 {
            if shards.isEmpty { isReady = Array(repeating: true, count: isReady.count) }
            try communicator.heartbeat.waiting(in: "the sum over ranks") {
                repeat {
                    try launch()
                    if !flights.isEmpty { try advance(flights.removeFirst()) }
                } while !flights.isEmpty || launched < isReady.count
            }
        }
        result = target
        return UnsafeMutableBufferPointer(start: target, count: buckets.count)
    }

    private func startAnew() {
        accumulator.reset()
        if let borrowed { pool.giveBack(borrowed) }
        borrowed = nil
        result = nil
        launched = 0
        isReady = Array(repeating: false, count: isReady.count)
    }

    /// Where the result grows: in this rank's first piece, which nobody needs once its slices have been sent.
    private func target(_ pieces: [TreeAccumulator.Piece]) -> UnsafeMutablePointer<Scalar> {
        if let first = pieces.first { return first.sum }
        let vector = borrowed ?? pool.take()
        borrowed = vector
        return vector
    }

    private func launch() throws {
        guard communicator.size > 1, accumulator.isLastOpen || accumulator.isComplete else { return }
        while let flight = flights.first, try flight.exchange.isComplete() {
            flights.removeFirst()
            try advance(flight)
        }
        while launched < isReady.count, isReady[launched], flights.count < bucketsInFlight {
            try start(launched)
            launched += 1
        }
    }

    /// Sends this rank's pieces of the bucket to the owners of its slices.
    private func start(_ bucket: Int) throws {
        let rank = communicator.rank, ranks = communicator.size
        let pieces = accumulator.finalPieces
        let scratch = spareScratch.popLast() ?? UnsafeMutablePointer<Scalar>.allocate(capacity: max(scratchCount, 1))
        let own = buckets.slice(bucket, rank: rank, of: ranks)
        var places: [UnsafeMutablePointer<Scalar>] = []
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = [], used = 0
        for peer in 0..<ranks {
            if peer == rank {
                places += pieces.map { $0.sum + own.lowerBound }
                continue
            }
            for _ in plan.pieces[peer] {
                places.append(scratch + used)
                if !own.isEmpty {
                    receives.append(IncomingMessage(from: peer, bytes(scratch, used..<used + own.count)))
                }
                used += own.count
            }
            let slice = buckets.slice(bucket, rank: peer, of: ranks)
            if slice.isEmpty { continue }
            for piece in pieces {
                sends.append(OutgoingMessage(to: peer, UnsafeRawBufferPointer(bytes(piece.sum, slice))))
            }
        }
        let exchange = try communicator.exchange(sends: sends, receives: receives, tag: firstTag + 2 * bucket)
        flights.append(BucketFlight(
            bucket: bucket, exchange: exchange, scratch: scratch, places: places, target: target(pieces)))
    }

    /// Waits for the flight's messages and does what follows.
    private func advance(_ flight: BucketFlight) throws {
        try flight.exchange.wait()
        guard !flight.isReturning else {
            spareScratch.append(flight.scratch)
            return
        }
        let rank = communicator.rank, ranks = communicator.size
        let own = buckets.slice(flight.bucket, rank: rank, of: ranks)
        join(flight.places, into: flight.target + own.lowerBound, count: own.count)
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = []
        for peer in 0..<ranks where peer != rank {
            let slice = buckets.slice(flight.bucket, rank: peer, of: ranks)
            if !slice.isEmpty { receives.append(IncomingMessage(from: peer, bytes(flight.target, slice))) }
            if !own.isEmpty {
                sends.append(OutgoingMessage(to: peer, UnsafeRawBufferPointer(bytes(flight.target, own))))
            }
        }
        var returning = flight
        returning.isReturning = true
        returning.exchange = try communicator.exchange(
            sends: sends, receives: receives, tag: firstTag + 2 * flight.bucket + 1)
        flights.append(returning)
    }

    private func join(
        _ places: [UnsafeMutablePointer<Scalar>], into target: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        guard let last = plan.joins.last else {
            if places[0] != target { target.update(from: places[0], count: count) }
            return
        }
        forEachTile(0..<count) { tile in
            let start = tile.lowerBound
            for join in plan.joins.dropLast() {
                addVectors(places[join.left] + start, places[join.left] + start, places[join.right] + start,
                           count: tile.count)
            }
            addVectors(target + start, places[last.left] + start, places[last.right] + start, count: tile.count)
        }
    }

    private func bytes(_ vector: UnsafeMutablePointer<Scalar>, _ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: vector + range.lowerBound, count: range.count))
    }
}

/// A bucket under way: first the ranks' pieces to the owners of slices, then the sums back to all.
private struct BucketFlight {
    let bucket: Int
    var exchange: any Exchange
    let scratch: UnsafeMutablePointer<Scalar>
    /// Where each piece of this rank's slice is, in the order of the plan.
    let places: [UnsafeMutablePointer<Scalar>]
    let target: UnsafeMutablePointer<Scalar>
    var isReturning = false
}
