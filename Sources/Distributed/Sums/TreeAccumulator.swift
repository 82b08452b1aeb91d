import Kernels

/// Sums a rank's shards, in order, to the complete subtrees of a `ShardTree`.
///
/// Siblings are added as soon as both are there, so that at most log2 S + 1 vectors live for a range that begins at a
/// multiple of its length, and fewer than three times as many for any other. A sum grows in the vector of its first
/// shard.
public final class TreeAccumulator {
    /// A subtree and its sum; the memory is the accumulator's.
    public struct Piece {
        public let node: ShardTree.Node
        public let sum: UnsafeMutablePointer<Scalar>
    }

    /// The shards, in order.
    public let range: Range<Int>
    /// The length of a shard's vector.
    public let count: Int
    /// The sums so far, from left to right, without the open shard.
    public private(set) var pieces: [Piece] = []
    private let pool: VectorPool
    /// The vectors of those shards that a piece of the whole range begins with.
    private let places: [Int: UnsafeMutablePointer<Scalar>]
    private var nextShard: Int
    private var openShard: UnsafeMutablePointer<Scalar>?
    /// The pieces that the open shard completes, the nearest first.
    private var completed: [UnsafeMutablePointer<Scalar>] = []

    /// - Parameters:
    ///   - range: the rank's shards.
    ///   - count: the length of a shard's vector.
    public convenience init(tree: ShardTree, range: Range<Int>, count: Int) {
        let pool = VectorPool(count: count)
        self.init(tree: tree, range: range, pool: pool, places: tree.pieces(of: range).map { _ in pool.take() })
    }

    /// - Parameters:
    ///   - pool: for what lives for a while only.
    ///   - places: where the sums of the range's pieces grow.
    init(tree: ShardTree, range: Range<Int>, pool: VectorPool, places: [UnsafeMutablePointer<Scalar>]) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= tree.shards,
            "TreeAccumulator: \(range) of \(tree.shards) shards")
        let pieces = tree.pieces(of: range)
        precondition(places.count == pieces.count, "TreeAccumulator: \(places.count) places, \(pieces.count) pieces")
        self.places = Dictionary(uniqueKeysWithValues: zip(pieces.map(\.shards.lowerBound), places))
        self.range = range
        self.pool = pool
        count = pool.count
        nextShard = range.lowerBound
    }

    /// The vector of the next shard, to be filled by the caller; its contents are arbitrary.
    public func begin() -> UnsafeMutableBufferPointer<Scalar> {
        precondition(openShard == nil, "TreeAccumulator: a shard is still open")
        precondition(nextShard < range.upperBound, "TreeAccumulator: all shards of \(range) have been added")
        var node = ShardTree.Node(level: 0, index: nextShard)
        for piece in pieces.reversed() {
            guard piece.node.isLeftSibling(of: node) else { break }
            completed.append(piece.sum)
            node = piece.node.parent
        }
        let vector = places[nextShard] ?? pool.take()
        openShard = vector
        return UnsafeMutableBufferPointer(start: vector, count: count)
    }

    /// Adds a part of the open shard, which is then final, to the sums that it completes. Every part must be added
    /// exactly once before `end`.
    public func add(_ part: Range<Int>) {
        guard let openShard else { preconditionFailure("TreeAccumulator: no shard is open") }
        precondition(part.lowerBound >= 0 && part.upperBound <= count, "TreeAccumulator: \(part) of \(count)")
        forEachTile(part) { tile in
            var right = openShard
            for left in completed {
                addVectors(left + tile.lowerBound, left + tile.lowerBound, right + tile.lowerBound, count: tile.count)
                right = left
            }
        }
    }

    /// Closes the open shard.
    public func end() {
        guard let openShard else { preconditionFailure("TreeAccumulator: no shard is open") }
        var last = Piece(node: ShardTree.Node(level: 0, index: nextShard), sum: openShard)
        for left in completed {
            pieces.removeLast()
            pool.giveBack(last.sum)
            last = Piece(node: last.node.parent, sum: left)
        }
        pieces.append(last)
        completed.removeAll(keepingCapacity: true)
        self.openShard = nil
        nextShard += 1
    }

    /// Copies a shard's vector and adds it.
    public func add(_ shard: UnsafeBufferPointer<Scalar>) {
        precondition(shard.count == count, "TreeAccumulator: a vector of \(shard.count), expected \(count)")
        _ = begin().update(from: shard)
        add(0..<count)
        end()
    }

    var isLastOpen: Bool { openShard != nil && nextShard == range.upperBound - 1 }
    var isComplete: Bool { openShard == nil && nextShard == range.upperBound }

    /// Begins anew with the first shard. The vectors are used again.
    public func reset() {
        precondition(openShard == nil, "TreeAccumulator: a shard is still open")
        for piece in pieces where places[piece.node.shards.lowerBound] == nil { pool.giveBack(piece.sum) }
        pieces.removeAll(keepingCapacity: true)
        nextShard = range.lowerBound
    }
}
