import Distributed
import Failures
import Glibc
import Kernels
import Tracing

/// Compares the reproducible sum of ResNet-18's gradients with MPI_Allreduce, in turns.
func measure(_ communicator: MPICommunicator) throws {
    let count = 11_173_962, tree = ShardTree(shards: 1 << (Int.bitWidth - (communicator.size - 1).leadingZeroBitCount))
    let library = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: count)
    library.initialize(repeating: 1)
    defer { library.deallocate() }
    let lengths = [1 << 16, 1 << 18, 1 << 20, 1 << 24]
    let ways = lengths.flatMap { length in [true, false].map { (length, $0) } }
    let sums = try ways.map { length, sharing in
        try TreeReduction(communicator, tree: tree, count: count, bucketLength: length, sharingMemory: sharing)
    }
    var times = [[Double]](repeating: [], count: sums.count + 2)
    for _ in 0..<25 {
        for (i, sum) in sums.enumerated() {
            for shard in sum.shards {
                sum.beginShard().update(repeating: Scalar(shard))
                // All but the last one's sums are local work.
                if shard < sum.shards.upperBound - 1 { try sum.endShard() }
            }
            try communicator.barrier()
            let start = monotonicSeconds()
            if !sum.shards.isEmpty { try sum.endShard() }
            _ = try sum.finish()
            times[i].append(monotonicSeconds() - start)
        }
        for (i, length) in [count, TreeReduction.defaultBucketLength].enumerated() {
            library.update(repeating: Scalar(communicator.rank))
            try communicator.barrier()
            let start = monotonicSeconds()
            for first in stride(from: 0, to: count, by: length) {
                try communicator.librarySum(.init(rebasing: library[first..<min(first + length, count)]))
            }
            times[sums.count + i].append(monotonicSeconds() - start)
        }
    }
    let names =
        sums.map { sum in
            "tree, \(sum.way.rawValue), buckets of \(sum.buckets.ranges.last?.count ?? 0)"
        } + ["MPI_Allreduce", "MPI_Allreduce, default buckets"]
    for (name, list) in zip(names, times) {
        let slowest = try communicator.combineValues(list, max).sorted()
        guard communicator.rank == 0 else { continue }
        let milliseconds = [0, slowest.count / 2, slowest.count - 1].map { (slowest[$0] * 1e5).rounded() / 100 }
        print("\(name): best, median, worst \(milliseconds) ms")
    }
}
