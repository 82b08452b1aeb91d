import Distributed
import Formats
import Kernels
import Tracing

/// Compares the reproducible sum over ranks with the library's MPI_Allreduce, in turns, on a vector as long as
/// ResNet-18's gradient.
public struct ReductionBenchmark: Sendable {
    /// Elements of the vector.
    public var count = 11_173_962
    /// Elements of a bucket.
    public var bucketLengths = [1 << 18, TreeReduction.defaultBucketLength, 1 << 22]

    public init() {}

    /// `emit` gets a line for each way of summing. Collective.
    public func run(over communicator: any Communicator, seconds: Double, emit: (JSONValue) -> Void) throws {
        let figures = try RunFigures(communicator), ranks = communicator.size
        let tree = ShardTree(shards: 1 << (Int.bitWidth - (ranks - 1).leadingZeroBitCount))
        let sums = try bucketLengths.map {
            try TreeReduction(communicator, tree: tree, count: count, bucketLength: $0)
        }
        let values = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: count)
        values.initialize(repeating: 1)
        defer { values.deallocate() }
        // Only MPI has a sum of its own to compare with.
        let library = communicator as? MPICommunicator
        var times = [[Double]](repeating: [], count: sums.count + 1)

        try repeated(over: communicator, seconds: seconds, least: 5) { counts in
            for (place, sum) in sums.enumerated() {
                for shard in sum.shards {
                    sum.beginShard().update(repeating: Scalar(shard))
                    // Sums of earlier shards are the rank's own work.
                    if shard != sum.shards.last { try sum.endShard() }
                }
                try communicator.barrier()
                let start = monotonicSeconds()
                if !sum.shards.isEmpty { try sum.endShard() }
                _ = try sum.finish()
                if counts { times[place].append(monotonicSeconds() - start) }
            }
            guard let library else { return }
            values.update(repeating: Scalar(communicator.rank))
            try communicator.barrier()
            let start = monotonicSeconds()
            try library.librarySum(values)
            if counts { times[sums.count].append(monotonicSeconds() - start) }
        }

        let bytes = count * MemoryLayout<Scalar>.stride
        let methods = bucketLengths.map { ("tree", $0) } + [("MPI_Allreduce", count)]
        for ((method, bucket), mine) in zip(methods, times) where !mine.isEmpty {
            // A sum is done when the slowest rank has it.
            let all = Quantiles(try communicator.combineValues(mine, max))
            // One rank alone moves nothing.
            var rate: [JSONValue.Member] =
                ranks == 1 ? [] : [.init("gbytes_per_s", figure(Double(bytes) / all.median * 1e-9))]
            if ranks > 1, method == "tree" {
                rate.append(.init("way", JSONValue(sums[0].way.rawValue)))
            }
            emit(
                line(
                    "allreduce",
                    [
                        .init("method", JSONValue(method)), .init("elements", JSONValue(count)),
                        .init("bucket", JSONValue(bucket)), .init("runs", JSONValue(mine.count)),
                        .init("seconds_best", figure(all.least)), .init("seconds_median", figure(all.median)),
                        .init("seconds_worst", figure(all.largest)), .init("bytes", JSONValue(bytes)),
                    ], rate, try figures.members(communicator)))
        }
    }
}
