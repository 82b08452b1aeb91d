import Distributed
import Kernels
import Testing

struct ShardTreeTests {
    @Test(arguments: [1, 2, 4, 8, 16, 64])
    func rangesCoverTheShardsInOrderAndEvenly(shards: Int) {
        let tree = ShardTree(shards: shards)
        for ranks in 1...20 {
            let ranges = (0..<ranks).map { tree.range(rank: $0, of: ranks) }
            #expect(ranges.flatMap { Array($0) } == Array(0..<shards))
            let sizes = ranges.map(\.count)
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        }
    }

    @Test func piecesAreTheLargestCompleteSubtrees() {
        let tree = ShardTree(shards: 16)
        func pieces(_ range: Range<Int>) -> [[Int]] { tree.pieces(of: range).map { Array($0.shards) } }
        #expect(pieces(0..<16) == [Array(0..<16)])
        #expect(pieces(3..<3) == [])
        #expect(pieces(1..<15) == [[1], [2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13], [14]])
        #expect(pieces(6..<11) == [[6, 7], [8, 9], [10]])
        #expect(pieces(5..<7) == [[5], [6]])
    }

    @Test func accumulatorSumsEveryPieceByHalves() {
        let tree = ShardTree(shards: 16)
        for (start, end) in [(0, 16), (1, 15), (3, 4), (5, 12), (0, 11)] {
            let accumulator = TreeAccumulator(tree: tree, range: start..<end, count: 37)
            for _ in 0..<2 {
                for shard in start..<end {
                    sampleVector(shard: shard, count: 37).withUnsafeBufferPointer { accumulator.add($0) }
                }
                #expect(accumulator.pieces.map(\.node) == tree.pieces(of: start..<end))
                for piece in accumulator.pieces {
                    let sum = UnsafeBufferPointer(start: piece.sum, count: 37)
                    #expect(bits(sum) == bits(treeSum(piece.node.shards, count: 37)))
                }
                accumulator.reset()
            }
        }
    }

    @Test func orderShowsInTheBits() {
        // If this fails, the samples are too tame for the other tests to mean anything.
        var inOrder = [Scalar](repeating: 0, count: 1000)
        for shard in 0..<16 {
            for (i, value) in sampleVector(shard: shard, count: 1000).enumerated() { inOrder[i] += value }
        }
        #expect(bits(inOrder) != bits(treeSum(0..<16, count: 1000)))
    }

    @Test func bucketsBeginAtTheEndAndCoverTheVector() {
        for count in [0, 1, 15, 16, 17, 1000, 4096] {
            for length in [1, 16, 100, 5000] {
                let buckets = Buckets(count: count, length: length)
                var end = count
                for range in buckets.ranges {
                    #expect(range.upperBound == end && !range.isEmpty && range.lowerBound % 16 == 0)
                    #expect(range.count <= max(length, 16))
                    end = range.lowerBound
                }
                #expect(end == 0)
            }
        }
    }

    @Test func sumsOfRecordsAreTheSameForAnyNumberOfRanks() throws {
        let tree = ShardTree(shards: 8)
        let leaves = (0..<8).map { shard in sampleVector(shard: shard, count: 3).map { Double($0) / 3 } }
        let expected = tree.sum(leaves)
        let halves = zip(tree.sum4(leaves[0..<4]), tree.sum4(leaves[4..<8])).map { $0 + $1 }
        #expect(expected == halves)
        for ranks in [1, 2, 3, 7, 11] {
            let sums = try ThreadCommunicator.run(ranks: ranks) { communicator in
                let own = tree.range(rank: communicator.rank, of: ranks)
                return try tree.sum(Array(leaves[own]), over: communicator)
            }
            #expect(sums == Array(repeating: expected, count: ranks))
        }
    }
}

extension ShardTree {
    fileprivate func sum4(_ leaves: ArraySlice<[Double]>) -> [Double] {
        let l = Array(leaves)
        return l[0].indices.map { (l[0][$0] + l[1][$0]) + (l[2][$0] + l[3][$0]) }
    }
}
