import Kernels

/// Sums by messages: every rank sends its pieces of a slice to the slice's owner, who joins them and sends the sum to
/// all.
final class MessageSum: RankSum {
    private let communicator: any Communicator
    /// The ranks that sum together, and this one's place among them.
    private let members: [Int]
    private let own: Int
    private let plan: JoinPlan
    /// The part of each bucket that they sum.
    private let sections: [Range<Int>]
    private let pieces: [UnsafeMutablePointer<Scalar>]
    private let target: UnsafeMutablePointer<Scalar>
    private let bucketsInFlight: Int
    private let firstTag: Int
    /// Buckets are launched in the same order everywhere: ranks that held different ones in flight would wait for
    /// each other for ever.
    private var launched = 0
    /// The buckets whose sum is there: the first ones, as they are launched.
    private(set) var summed = 0
    private var flights: [BucketFlight] = []
    private var spareScratch: [UnsafeMutablePointer<Scalar>] = []
    private let scratchCount: Int

    /// Every rank of the job makes one, for its own members.
    /// - Parameters:
    ///   - members: the ranks that sum together, this one among them; the plan's pieces are theirs.
    ///   - sections: the part of each bucket that they sum.
    ///   - pieces: this rank's.
    ///   - target: where the sum grows; nobody needs what is there once this rank's slices have been sent.
    ///   - bucketsInFlight: how many buckets may be under way at a time.
    init(
        _ communicator: any Communicator, members: [Int], plan: JoinPlan, sections: [Range<Int>],
        pieces: [UnsafeMutablePointer<Scalar>], target: UnsafeMutablePointer<Scalar>, bucketsInFlight: Int
    ) {
        precondition(bucketsInFlight > 0, "MessageSum: \(bucketsInFlight) buckets in flight")
        guard let own = members.firstIndex(of: communicator.rank) else {
            preconditionFailure("MessageSum: rank \(communicator.rank) is not among \(members)")
        }
        self.communicator = communicator
        self.members = members
        self.own = own
        self.plan = plan
        self.sections = sections
        self.pieces = pieces
        self.target = target
        self.bucketsInFlight = bucketsInFlight
        firstTag = communicator.reserveTags(2 * sections.count)
        let longest = sections.map { $0.slice(own, of: members.count).count }.max() ?? 0
        scratchCount = (plan.pieceCount - pieces.count) * longest
    }

    deinit { for scratch in spareScratch { scratch.deallocate() } }

    func startAnew() {
        launched = 0
        summed = 0
    }

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
        let count = sections.count
        repeat {
            try advance(ready: count)
            if !flights.isEmpty { try advance(flights.removeFirst()) }
        } while !flights.isEmpty || launched < count
    }

    /// Sends this rank's pieces of the bucket to the owners of its slices.
    private func start(_ bucket: Int) throws {
        let scratch = spareScratch.popLast() ?? UnsafeMutablePointer<Scalar>.allocate(capacity: max(scratchCount, 1))
        let ownSlice = slice(bucket, own)
        var places: [UnsafeMutablePointer<Scalar>] = []
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = [], used = 0
        for (place, member) in members.enumerated() {
            if place == own {
                places += pieces.map { $0 + ownSlice.lowerBound }
                continue
            }
            for _ in plan.pieces[place] {
                places.append(scratch + used)
                if !ownSlice.isEmpty {
                    receives.append(IncomingMessage(from: member, bytes(scratch, used..<used + ownSlice.count)))
                }
                used += ownSlice.count
            }
            let slice = slice(bucket, place)
            if slice.isEmpty { continue }
            for piece in pieces {
                sends.append(OutgoingMessage(to: member, UnsafeRawBufferPointer(bytes(piece, slice))))
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
            summed += 1
            return
        }
        let ownSlice = slice(flight.bucket, own)
        plan.join(flight.places, into: [target + ownSlice.lowerBound], count: ownSlice.count)
        var sends: [OutgoingMessage] = [], receives: [IncomingMessage] = []
        for (place, member) in members.enumerated() where place != own {
            let slice = slice(flight.bucket, place)
            if !slice.isEmpty { receives.append(IncomingMessage(from: member, bytes(target, slice))) }
            if !ownSlice.isEmpty {
                sends.append(OutgoingMessage(to: member, UnsafeRawBufferPointer(bytes(target, ownSlice))))
            }
        }
        var returning = flight
        returning.isReturning = true
        returning.exchange = try communicator.exchange(
            sends: sends, receives: receives, tag: firstTag + 2 * flight.bucket + 1)
        flights.append(returning)
    }

    private func slice(_ bucket: Int, _ place: Int) -> Range<Int> { sections[bucket].slice(place, of: members.count) }

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
