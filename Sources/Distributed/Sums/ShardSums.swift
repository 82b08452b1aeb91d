import Failures

extension ShardTree {
    /// The sum of one vector a leaf, in tree order. For the few numbers of a step's record; vectors of parameters go
    /// through `TreeReduction`.
    public func sum(_ leaves: [[Double]]) -> [Double] {
        precondition(leaves.count == shards, "ShardTree.sum: \(leaves.count) vectors of \(shards) shards")
        var level = leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { i in zip(level[i], level[i + 1]).map { $0 + $1 } }
        }
        return level[0]
    }

    /// The sum over all shards of all ranks, the same bits on every rank and for every number of ranks.
    /// - Parameter local: one vector for each shard of this rank, all of the same length.
    /// - Throws: `Failure` if ranks disagree about the length, or what the communicator throws.
    public func sum(_ local: [[Double]], over communicator: some Communicator) throws -> [Double] {
        let own = range(rank: communicator.rank, of: communicator.size)
        precondition(local.count == own.count, "ShardTree.sum: \(local.count) vectors of \(own.count) shards")
        let mine = local.flatMap { $0 }.withUnsafeBytes { Array($0) }
        var leaves: [[Double]] = []
        for (rank, bytes) in try communicator.allGather(mine).enumerated() {
            let shards = range(rank: rank, of: communicator.size).count
            guard shards > 0 else { continue }
            let numbers = bytes.withUnsafeBytes { bytes in
                (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
            }
            let length = numbers.count / shards
            leaves += (0..<shards).map { Array(numbers[$0 * length..<($0 + 1) * length]) }
        }
        guard leaves.allSatisfy({ $0.count == leaves[0].count }) else {
            throw Failure(.internalError, "ranks sum vectors of different lengths")
        }
        return sum(leaves)
    }
}
