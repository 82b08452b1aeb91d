/// The order in which the shards of a global batch are summed: a perfect binary tree over S = 2^k leaves.
///
/// Floating-point addition is not associative, so a sum's bits depend on its order. Here the order is a property of
/// the batch and not of the ranks: each rank takes a contiguous range of shards and sums the complete subtrees in it,
/// and the subtrees of all ranks are joined along the same tree. The result has the same bits for every number of
/// ranks, a power of two or not.
public struct ShardTree: Sendable, Equatable {
    /// A complete subtree: the shards `index` * 2^`level` ..< (`index` + 1) * 2^`level`.
    public struct Node: Hashable, Sendable {
        /// 0 for a single shard.
        public let level: Int
        /// Among the subtrees of its level, from the left.
        public let index: Int

        public init(level: Int, index: Int) {
            self.level = level
            self.index = index
        }

        /// Those that it is the sum of.
        public var shards: Range<Int> { index << level..<(index + 1) << level }
        /// The subtree that it is a half of.
        var parent: Node { Node(level: level + 1, index: index >> 1) }

        /// Whether the two are the halves of one subtree, this one the left half.
        func isLeftSibling(of other: Node) -> Bool {
            level == other.level && index & 1 == 0 && other.index == index + 1
        }
    }

    /// The number of leaves, a power of two.
    public let shards: Int

    public init(shards: Int) {
        precondition(shards > 0 && shards & (shards - 1) == 0, "ShardTree: \(shards) shards is not a power of two")
        self.shards = shards
    }

    /// The shards of a rank: contiguous, in rank order, as even as possible. Empty for ranks that are too many.
    public func range(rank: Int, of ranks: Int) -> Range<Int> {
        precondition(rank >= 0 && rank < ranks, "ShardTree: rank \(rank) of \(ranks)")
        func start(_ rank: Int) -> Int { (rank * shards + ranks - 1) / ranks }
        return start(rank)..<start(rank + 1)
    }

    /// The fewest complete subtrees that make up a range of shards, from left to right; at most 2 log2 S.
    public func pieces(of range: Range<Int>) -> [Node] {
        precondition(range.lowerBound >= 0 && range.upperBound <= shards, "ShardTree: \(range) of \(shards) shards")
        var stack = Joining()
        for shard in range { _ = stack.push(Node(level: 0, index: shard)) }
        return stack.nodes
    }

    /// Subtrees from left to right, in which siblings are joined as soon as both are there.
    struct Joining {
        private(set) var nodes: [Node] = []

        /// Adds the next subtree and returns how many joins that brought about.
        mutating func push(_ node: Node) -> Int {
            var last = node, joins = 0
            while let left = nodes.last, left.isLeftSibling(of: last) {
                nodes.removeLast()
                last = left.parent
                joins += 1
            }
            nodes.append(last)
            return joins
        }
    }
}
