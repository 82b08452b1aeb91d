import Kernels

/// Sums by messages: every rank sends its pieces of a slice to the slice's owner, who joins them and sends the sum to
/// all.
final class MessageSum: RankSum {
    private let communicator: any Communicator
    private let plan: JoinPlan
    private let buckets: Buckets
    private let pieces: [UnsafeMutablePointer<Scalar>]
    private let target: UnsafeMutablePointer<Scalar>
    private let bucketsInFlight: Int
    private let firstTag: Int
    /// Buckets are launched in the same order everywhere: ranks that held different ones in flight would wait for
    /// each other for ever.
    private var launched = 0
    private var flights: [BucketFlight] = []
    private var spareScratch: [UnsafeMutablePointer<Scalar>] = []
    private let scratchCount: Int

    /// - Parameters:
    ///   - pieces: this rank's.
    ///   - target: where the sum grows: the first piece, which nobody needs once its slices have been sent.
    ///   - bucketsInFlight: how many buckets may be under way at a time.
    init(
        _ communicator: any Communicator, plan: JoinPlan, buckets: Buckets, pieces: [UnsafeMutablePointer<Scalar>],
        target: UnsafeMutablePointer<Scalar>, bucketsInFlight: Int
    ) {
        precondition(bucketsInFlight > 0, "MessageSum: \(bucketsInFlight) buckets in flight")
        let ranks = communicator.size, rank = communicator.rank
        self.communicator = communicator
        self.plan = plan
        self.buckets = buckets
        self.pieces = pieces
        self.target = target
        self.bucketsInFlight = bucketsInFlight
        firstTag = communicator.reserveTags(2 * buckets.ranges.count)
        let longest = buckets.ranges.indices.map { buckets.slice($0, rank: rank, of: ranks).count }.max() ?? 0
        scratchCount = (plan.pieceCount - pieces.count) * longest
    }

    deinit { for scratch in spareScratch { scratch.deallocate() } }

    func startAnew() { launched = 0 }

    func advance(ready: Int) throws {
        while let flight = flights.first, try flight.exchange.isComplete() {
            flights.removeFirst()
            try advance(flight)
        }
        while launched < ready, flights.count < bucketsInFlight {
            try start(launched)
            launched += 1
        }
    }

    func finish() throws {
        let count = buckets.ranges.count
        repeat {
            try advance(ready: count)
            if !flights.isEmpty { try advance(flights.removeFirst()) }
        } while !flights.isEmpty || launched < count
    }

    /// Sends this rank's pieces of the bucket to the owners of its slices.
    private func start(_ bucket: Int) throws {
        let rank = communicator.rank, ranks = communicator.size
        let scratch = spareScratch.popLast() ?? UnsafeMutablePointer<Scalar>.allocate(capacity: max(scratchCount, 1))
        let own = buckets.slice(bucket, rank: rank, of: ranks)
        var places: [UnsafeMutablePointer<Scalar>] = []
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = [], used = 0
        for peer in 0..<ranks {
            if peer == rank {
                places += pieces.map { $0 + own.lowerBound }
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
                sends.append(OutgoingMessage(to: peer, UnsafeRawBufferPointer(bytes(piece, slice))))
            }
        }
        let exchange = try communicator.exchange(sends: sends, receives: receives, tag: firstTag + 2 * bucket)
        flights.append(BucketFlight(bucket: bucket, exchange: exchange, scratch: scratch, places: places))
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
        plan.join(flight.places, into: [target + own.lowerBound], count: own.count)
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = []
        for peer in 0..<ranks where peer != rank {
            let slice = buckets.slice(flight.bucket, rank: peer, of: ranks)
            if !slice.isEmpty { receives.append(IncomingMessage(from: peer, bytes(target, slice))) }
            if !own.isEmpty { sends.append(OutgoingMessage(to: peer, UnsafeRawBufferPointer(bytes(target, own)))) }
        }
        var returning = flight
        returning.isReturning = true
        returning.exchange = try communicator.exchange(
            sends: sends, receives: receives, tag: firstTag + 2 * flight.bucket + 1)
        flights.append(returning)
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
    var isReturning = false
}
