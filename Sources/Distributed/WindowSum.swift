import Glibc
import Kernels

/// Sums through memory that all ranks see: a slice's owner reads all ranks' pieces where they are and writes the sum
/// to all ranks, so that no number is copied on its way.
///
/// Two counts a rank say how far it is. A bucket is joined by its slices' owners once every rank has `published` it,
/// and a sum is there once every rank has `joined` all buckets; only then may pieces be written again.
final class WindowSum: RankSum {
    private let communicator: any Communicator
    private let plan: JoinPlan
    private let buckets: Buckets
    private let window: NodeWindow
    /// All ranks' pieces in the order of the plan, and all ranks' sums.
    private let pieces: [UnsafeMutablePointer<Scalar>]
    private let targets: [UnsafeMutablePointer<Scalar>]
    private let published: [SharedCount]
    private let joined: [SharedCount]
    /// Without messages: asked while this rank waits, so that what MPI has under way for others moves on, and that
    /// the wait ends if the job has failed.
    private let pulse: any Exchange
    /// The buckets of all sums before this one. Counts go on from sum to sum, because to set them back would take a
    /// barrier.
    private var before = 0
    /// This rank's vectors in the window: its pieces, or one for the sum if it has none.
    let vectors: [UnsafeMutablePointer<Scalar>]

    /// Collective. Nil, on every rank, if the ranks cannot have a window.
    init?(_ communicator: any Communicator, plan: JoinPlan, buckets: Buckets, isWanted: Bool) throws {
        let layout = BlockLayout(count: buckets.count), rank = communicator.rank
        let vectorsOf = plan.pieces.map { max($0.count, 1) }
        guard let window = try NodeWindow.open(
            communicator, bytes: layout.bytes(vectors: vectorsOf[rank]), isWanted: isWanted) else { return nil }
        let blocks = (0..<communicator.size).map { window.block($0) }
        let vectors = zip(blocks, vectorsOf).map { block, count in (0..<count).map { layout.vector($0, in: block) } }
        self.communicator = communicator
        self.plan = plan
        self.buckets = buckets
        self.window = window
        self.vectors = vectors[rank]
        pieces = zip(vectors, plan.pieces).flatMap { $0.prefix($1.count) }
        targets = vectors.map { $0[0] }
        published = blocks.map { layout.published(in: $0) }
        joined = blocks.map { layout.joined(in: $0) }
        pulse = try communicator.exchange(sends: [], receives: [], tag: communicator.reserveTags(1))
    }

    func startAnew() { before += buckets.ranges.count }

    func advance(ready: Int) throws {
        published[communicator.rank].value = before + ready
        joinPublished()
    }

    func finish() throws {
        let end = before + buckets.ranges.count, own = joined[communicator.rank]
        try advance(ready: buckets.ranges.count)
        try wait { joinPublished(); return own.value == end }
        try wait { joined.allSatisfy { $0.value >= end } }
    }

    /// Joins this rank's slices of the buckets that all ranks have published.
    private func joinPublished() {
        let rank = communicator.rank, ranks = communicator.size, own = joined[rank]
        let end = published.map(\.value).reduce(.max, min)
        while own.value < end {
            let slice = buckets.slice(own.value - before, rank: rank, of: ranks), start = slice.lowerBound
            plan.join(pieces.map { $0 + start }, into: targets.map { $0 + start }, count: slice.count)
            own.value += 1
            communicator.heartbeat.beat()
        }
    }

    private func wait(until isDone: () -> Bool) throws {
        while !isDone() {
            _ = try pulse.isComplete()
            // The rank that is waited for may need this core.
            sched_yield()
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
