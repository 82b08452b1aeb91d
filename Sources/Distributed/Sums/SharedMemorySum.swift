import Kernels

/// Sums through memory that the ranks of a machine share: a slice's owner reads all neighbours' pieces where they are
/// and writes the sum to all of them, so that no number is copied on its way. Where a job has several machines, the
/// owner joins its neighbours' pieces as far as they go together, and then sums its slice with the owners of the same
/// slice on other machines, by messages: a machine sends and receives each number of the vector about twice.
///
/// Two counts a rank say how far it is. A bucket is joined by its slices' owners once every neighbour has `published`
/// it, and a sum is there once every neighbour has `joined` all buckets; only then may pieces be written again.
final class SharedMemorySum: RankSum {
    private let communicator: any Communicator
    /// Of this machine's ranks.
    private let plan: JoinPlan
    /// This rank's slice of each bucket.
    private let slices: [Range<Int>]
    private let window: NodeWindow
    /// All neighbours' pieces in the order of the plan, and all neighbours' sums.
    private let pieces: [UnsafeMutablePointer<Scalar>]
    private let targets: [UnsafeMutablePointer<Scalar>]
    private let published: [SharedCount]
    private let joined: [SharedCount]
    /// Of this rank's slices over all machines, if there are several.
    private let machines: MessageSum?
    /// The buckets whose pieces are joined on this machine and may travel to others.
    private var joinedHere = 0
    /// The buckets of all sums before this one. Counts go on from sum to sum, because to set them back would take a
    /// barrier.
    private var before = 0
    /// This rank's vectors in the window: its pieces, or one for the sum if it has none.
    let vectors: [UnsafeMutablePointer<Scalar>]

    /// Collective. Nil, on every rank, if machines have different numbers of ranks or one each, or if neighbours cannot
    /// have a window.
    init?(
        _ communicator: any Communicator, plan all: JoinPlan, buckets: Buckets, bucketsInFlight: Int, isWanted: Bool
    ) throws {
        guard let layout = try NodeLayout(communicator), layout.ranksPerNode > 1 else { return nil }
        let memory = BlockLayout(count: buckets.count), rank = communicator.rank, place = communicator.nodeRank
        let plans = (0..<layout.nodes).map { JoinPlan(pieces: Array(all.pieces[layout.ranks(of: $0)])) }
        plan = plans[layout.node(of: rank)]
        let vectorsOf = plan.pieces.map { max($0.count, 1) }
        guard
            let window = try NodeWindow.open(
                communicator, bytes: memory.bytes(vectors: vectorsOf[place]), isWanted: isWanted)
        else { return nil }
        let blocks = (0..<layout.ranksPerNode).map { window.block($0) }
        let vectors = zip(blocks, vectorsOf).map { block, count in (0..<count).map { memory.vector($0, in: block) } }
        let pieces = zip(vectors, plan.pieces).flatMap { $0.prefix($1.count) }
        self.communicator = communicator
        self.window = window
        self.pieces = pieces
        self.vectors = vectors[place]
        targets = vectors.map { $0[0] }
        published = blocks.map { memory.published(in: $0) }
        joined = blocks.map { memory.joined(in: $0) }
        slices = buckets.ranges.map { $0.slice(place, of: layout.ranksPerNode) }
        machines =
            layout.nodes == 1
            ? nil
            : MessageSum(
                communicator, members: layout.counterparts(of: rank),
                plan: JoinPlan(pieces: plans.map { $0.roots.map(\.node) }), sections: slices,
                pieces: plan.roots.map { pieces[$0.piece] }, target: vectors[place][0], bucketsInFlight: bucketsInFlight
            )
    }

    /// Whether sums go on from machine to machine.
    var hasSeveralMachines: Bool { machines != nil }

    func startAnew() {
        before += slices.count
        joinedHere = 0
        machines?.startAnew()
    }

    func advance(ready: Int) throws {
        published[communicator.nodeRank].value = before + ready
        try joinPublished()
    }

    func finish() throws {
        let end = before + slices.count, own = joined[communicator.nodeRank]
        try advance(ready: slices.count)
        try wait {
            try joinPublished()
            return own.value == end
        }
        try wait { joined.allSatisfy { $0.value >= end } }
    }

    /// Joins this rank's slices of the buckets that all neighbours have published, and moves those on that travel.
    private func joinPublished() throws {
        let own = joined[communicator.nodeRank], target = targets[communicator.nodeRank]
        let end = published.map(\.value).reduce(.max, min) - before
        while joinedHere < end {
            let slice = slices[joinedHere], places = pieces.map { $0 + slice.lowerBound }
            if machines == nil {
                plan.join(places, into: targets.map { $0 + slice.lowerBound }, count: slice.count)
                own.value += 1
            } else {
                plan.joinInPlace(places, count: slice.count)
            }
            joinedHere += 1
            communicator.heartbeat.beat()
        }
        guard let machines else { return }
        try machines.advance(ready: joinedHere)
        while own.value < before + machines.summed {
            let slice = slices[own.value - before]
            for other in targets where other != target {
                (other + slice.lowerBound).update(from: target + slice.lowerBound, count: slice.count)
            }
            own.value += 1
            communicator.heartbeat.beat()
        }
    }

    private func wait(until isDone: () throws -> Bool) throws {
        var backoff = Backoff(), beats = communicator.heartbeat.beats
        while try !isDone() {
            // What comes bucket by bucket is a wait for each.
            if communicator.heartbeat.beats != beats { (backoff, beats) = (Backoff(), communicator.heartbeat.beats) }
            // What others have under way moves on, and the wait ends if the job has failed.
            try communicator.progress()
            backoff.pause()
        }
    }
}

/// Where things are in a rank's block.
private struct BlockLayout {
    private let page = 4096, line = 64
    private let vectorBytes: Int

    init(count: Int) { vectorBytes = (count * MemoryLayout<Scalar>.stride + page - 1) / page * page }

    func bytes(vectors: Int) -> Int { page + vectors * vectorBytes }
    func published(in block: UnsafeMutableRawPointer) -> SharedCount {
        SharedCount(at: block + NodeWindow.markBytes)
    }
    func joined(in block: UnsafeMutableRawPointer) -> SharedCount {
        SharedCount(at: block + NodeWindow.markBytes + line)
    }
    func vector(_ number: Int, in block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Scalar> {
        (block + page + number * vectorBytes).assumingMemoryBound(to: Scalar.self)
    }
}
