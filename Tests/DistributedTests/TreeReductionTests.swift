import Distributed
import Failures
import Kernels
import Testing

struct TreeReductionTests {
    /// What a rank does with its shards between `beginShard` and `endShard`.
    enum Use: CaseIterable { case wholeShards, bucketsAsTheyCome, byOffset }

    static func reduce(_ sum: TreeReduction, count: Int, use: Use) throws -> [UInt64] {
        for shard in sum.shards {
            let vector = sum.beginShard()
            let values = sampleVector(shard: shard, count: count)
            switch use {
            case .wholeShards:
                _ = vector.update(from: values)
            case .bucketsAsTheyCome:
                for (bucket, range) in sum.buckets.ranges.enumerated() {
                    for i in range { vector[i] = values[i] }
                    try sum.bucketReady(bucket)
                }
            case .byOffset:
                for i in stride(from: count - 1, through: 0, by: -1) {
                    vector[i] = values[i]
                    if i % 77 == 0 { try sum.ready(downTo: i) }
                    if i % 1000 == 0 { try sum.progress() }
                }
            }
            try sum.endShard()
        }
        return bits(try sum.finish())
    }

    @Test(arguments: [1, 2, 4, 8, 16])
    func sameBitsForEveryNumberOfRanks(shards: Int) throws {
        for count in [0, 1, 7, 1000, 5003] {
            let expected = bits(treeSum(0..<shards, count: count))
            for ranks in 1...9 {
                let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
                    let sum = try TreeReduction(
                        communicator, tree: ShardTree(shards: shards), count: count, bucketLength: 300,
                        bucketsInFlight: 3)
                    // Twice with one object: buffers are used again.
                    return try Use.allCases.map { try Self.reduce(sum, count: count, use: $0) }
                }
                for result in results {
                    #expect(result == [expected, expected, expected], "\(ranks) ranks, \(count) elements")
                }
            }
        }
    }

    @Test(arguments: [1, 2, 100])
    func anyNumberOfBucketsInFlight(inFlight: Int) throws {
        let count = 3001, expected = bits(treeSum(0..<4, count: 3001))
        let results = try ThreadCommunicator.run(ranks: 3) { communicator in
            let sum = try TreeReduction(
                communicator, tree: ShardTree(shards: 4), count: count, bucketLength: 16, bucketsInFlight: inFlight)
            return try Self.reduce(sum, count: count, use: .bucketsAsTheyCome)
        }
        #expect(results == Array(repeating: expected, count: 3))
    }

    @Test func reductionsUnderWayAtTheSameTimeDoNotMix() throws {
        let results = try ThreadCommunicator.run(ranks: 4) { communicator in
            let tree = ShardTree(shards: 4)
            let first = try TreeReduction(communicator, tree: tree, count: 500, bucketLength: 100)
            let second = try TreeReduction(communicator, tree: tree, count: 700, bucketLength: 100)
            for sum in communicator.rank % 2 == 0 ? [first, second] : [second, first] {
                _ = sum.beginShard().update(from: sampleVector(shard: communicator.rank, count: sum.buckets.count))
                try sum.endShard()
            }
            return [bits(try first.finish()), bits(try second.finish())]
        }
        let expected = [bits(treeSum(0..<4, count: 500)), bits(treeSum(0..<4, count: 700))]
        #expect(results == Array(repeating: expected, count: 4))
    }

    @Test func oneProcessNeedsNoOther() throws {
        let sum = try TreeReduction(SingleProcess(), tree: ShardTree(shards: 8), count: 1000, bucketLength: 64)
        #expect(try Self.reduce(sum, count: 1000, use: .byOffset) == bits(treeSum(0..<8, count: 1000)))
    }

    @Test func ranksThatDisagreeAreTold() throws {
        #expect(throws: Failure.self) {
            try ThreadCommunicator.run(ranks: 2) { communicator in
                _ = try TreeReduction(communicator, tree: ShardTree(shards: 2), count: 10 + communicator.rank)
            }
        }
    }
}
