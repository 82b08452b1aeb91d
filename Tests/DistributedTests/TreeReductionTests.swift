import Distributed
import Failures
import Kernels
import Testing

struct TreeReductionTests {
    /// What a rank does with its shards between `beginShard` and `endShard`.
    enum Use: CaseIterable { case wholeShards, bucketsAsTheyCome, byOffset }

    /// Which ranks share their memory.
    enum Sharing: CaseIterable {
        case all, none, allButOne

        func includes(_ rank: Int) -> Bool {
            switch self {
            case .all: true
            case .none: false
            case .allButOne: rank != 1
            }
        }
    }

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

    @Test(arguments: [1, 2, 4, 8, 16], [true, false])
    func sameBitsForEveryNumberOfRanks(shards: Int, sharing: Bool) throws {
        for count in [0, 1, 7, 1000, 5003] {
            let expected = bits(treeSum(0..<shards, count: count))
            for ranks in 1...9 {
                let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
                    let sum = try TreeReduction(
                        communicator, tree: ShardTree(shards: shards), count: count, bucketLength: 300,
                        bucketsInFlight: 3, sharingMemory: sharing)
                    #expect(sum.way == (ranks == 1 ? .alone : sharing ? .sharedMemory : .messages))
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
                communicator, tree: ShardTree(shards: 4), count: count, bucketLength: 16, bucketsInFlight: inFlight,
                sharingMemory: false)
            return try Self.reduce(sum, count: count, use: .bucketsAsTheyCome)
        }
        #expect(results == Array(repeating: expected, count: 3))
    }

    @Test(arguments: Sharing.allCases)
    func oneRankThatCannotShareIsEnoughForMessages(sharing: Sharing) throws {
        let results = try ThreadCommunicator.run(ranks: 3) { communicator in
            let sum = try TreeReduction(
                communicator, tree: ShardTree(shards: 8), count: 1000, bucketLength: 64,
                sharingMemory: sharing.includes(communicator.rank))
            #expect(sum.way == (sharing == .all ? .sharedMemory : .messages))
            return try Self.reduce(sum, count: 1000, use: .bucketsAsTheyCome)
        }
        #expect(results == Array(repeating: bits(treeSum(0..<8, count: 1000)), count: 3))
    }

    /// Machines with as many ranks each sum within themselves first; others send all their pieces.
    @Test(arguments: [1, 2, 4, 16, 32], [1, 2, 3, 4])
    func sameBitsForEveryNumberOfMachines(shards: Int, perMachine: Int) throws {
        for (count, ranks) in [0, 1, 100, 5003].flatMap({ count in (2...9).map { (count, $0) } }) {
            let expected = bits(treeSum(0..<shards, count: count))
            let results = try ThreadCommunicator.run(ranks: ranks, perMachine: perMachine) { communicator in
                let sum = try TreeReduction(
                    communicator, tree: ShardTree(shards: shards), count: count, bucketLength: 300,
                    bucketsInFlight: 3)
                let way: TreeReduction.Way =
                    ranks <= perMachine
                    ? .sharedMemory
                    : perMachine > 1 && ranks % perMachine == 0 ? .sharedMemoryThenMessages : .messages
                #expect(sum.way == way)
                return try Use.allCases.map { try Self.reduce(sum, count: count, use: $0) }
            }
            for result in results {
                #expect(result == [expected, expected, expected], "\(ranks) ranks, \(count) elements")
            }
        }
    }

    /// A machine sends its part of each slice's sum away and the sum of its own part back: (M - 1) / M of the vector
    /// each, however many ranks it has.
    @Test(arguments: [2, 4], [2, 4])
    func machinesSendEachNumberTwice(machines: Int, perMachine: Int) throws {
        let count = 256 * 50
        let traffic = try ThreadCommunicator.run(ranks: machines * perMachine, perMachine: perMachine) {
            let meter = TrafficMeter($0)
            let sum = try TreeReduction(meter, tree: ShardTree(shards: 16), count: count, bucketLength: 256 * 5)
            _ = try Self.reduce(sum, count: count, use: .wholeShards)
            return meter.bytes
        }
        let expected = 2 * (machines - 1) * count / machines * MemoryLayout<Scalar>.stride
        for machine in 0..<machines {
            #expect(traffic[(machine * perMachine)..<((machine + 1) * perMachine)].reduce(0, +) == expected)
        }
    }

    @Test func oneRankOfSeveralMachinesThatCannotShareIsEnoughForMessages() throws {
        let results = try ThreadCommunicator.run(ranks: 6, perMachine: 2) { communicator in
            let sum = try TreeReduction(
                communicator, tree: ShardTree(shards: 8), count: 1000, bucketLength: 64,
                sharingMemory: communicator.rank != 3)
            #expect(sum.way == .messages)
            return try Self.reduce(sum, count: 1000, use: .bucketsAsTheyCome)
        }
        #expect(results == Array(repeating: bits(treeSum(0..<8, count: 1000)), count: 6))
    }

    @Test(arguments: [true, false], [2, 4])
    func sumsInARowNeedNoBarrier(sharing: Bool, perMachine: Int) throws {
        // Ranks that are much ahead of each other: vectors must not be written again while another rank reads them.
        let count = 20_000, rounds = 40
        let results = try ThreadCommunicator.run(ranks: 4, perMachine: perMachine) { communicator in
            let sum = try TreeReduction(
                communicator, tree: ShardTree(shards: 4), count: count, bucketLength: 1000, sharingMemory: sharing)
            return try (0..<rounds).map { round in
                for shard in sum.shards {
                    let vector = sum.beginShard()
                    for i in 0..<count { vector[i] = Scalar((round + 1) * (shard + 1) * (i % 97)) }
                    try sum.endShard()
                }
                let total = try sum.finish()
                let isRight = total.enumerated().allSatisfy { $1 == Scalar((round + 1) * 10 * ($0 % 97)) }
                // The result is the caller's.
                total.update(repeating: -1)
                return isRight
            }
        }
        #expect(results == Array(repeating: Array(repeating: true, count: rounds), count: 4))
    }

    @Test(arguments: [true, false], [2, 4])
    func aFailureEndsTheWaitForASum(sharing: Bool, perMachine: Int) {
        #expect(throws: Failure(.badInput, "bad file")) {
            try ThreadCommunicator.run(ranks: 4, perMachine: perMachine) { communicator in
                let sum = try TreeReduction(
                    communicator, tree: ShardTree(shards: 4), count: 1000, sharingMemory: sharing)
                if communicator.rank == 1 { throw Failure(.badInput, "bad file") }
                _ = try Self.reduce(sum, count: 1000, use: .wholeShards)
            }
        }
    }

    @Test(arguments: [true, false], [2, 4])
    func reductionsUnderWayAtTheSameTimeDoNotMix(sharing: Bool, perMachine: Int) throws {
        let results = try ThreadCommunicator.run(ranks: 4, perMachine: perMachine) { communicator in
            let tree = ShardTree(shards: 4)
            let first = try TreeReduction(
                communicator, tree: tree, count: 500, bucketLength: 100, sharingMemory: sharing)
            let second = try TreeReduction(
                communicator, tree: tree, count: 700, bucketLength: 100, sharingMemory: sharing)
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
