import Distributed
import Failures
import Glibc
import Kernels

func makeSum(_ communicator: any Communicator, sharing: Bool) throws -> TreeReduction {
    try TreeReduction(
        communicator, tree: ShardTree(shards: 8), count: 30_001, bucketLength: 4096, bucketsInFlight: 3,
        sharingMemory: sharing)
}

func addShards(_ sum: TreeReduction) throws {
    for shard in sum.shards {
        let vector = sum.beginShard()
        for (bucket, range) in sum.buckets.ranges.enumerated() {
            for i in range { vector[i] = sampleValue(shard, i) }
            try sum.bucketReady(bucket)
        }
        try sum.endShard()
    }
}

/// Prints the hash of a sum over eight shards, which must not depend on the number of ranks or the way.
private func printHashes(_ communicator: MPICommunicator, _ sum: TreeReduction) throws {
    for _ in 0..<3 {
        try addShards(sum)
        let total = UnsafeRawBufferPointer(try sum.finish())
        try communicator.requireAgreement(on: total, "sums")
        if communicator.rank == 0 { print("hash \(String(xxHash64(total), radix: 16))") }
    }
}

func checkReduction(_ communicator: MPICommunicator) throws {
    for sharing in [true, false] {
        let sum = try makeSum(communicator, sharing: sharing)
        let way: TreeReduction.Way = communicator.size == 1 ? .alone : sharing ? .sharedMemory : .messages
        try require(sum.way == way, "\(sum.way)")
        try printHashes(communicator, sum)
    }
    let sum = try makeSum(SeveralMachines(communicator, perMachine: 2), sharing: true)
    let way: TreeReduction.Way =
        switch communicator.size {
        case 1: .alone
        case 2: .sharedMemory
        case let size: size % 2 == 0 ? .sharedMemoryThenMessages : .messages
        }
    try require(sum.way == way, "\(sum.way)")
    try printHashes(communicator, sum)
}

/// The system refuses the last rank memory to share, then, by a limit on open files, only the sight of others'.
func checkRefusedMemory(_ communicator: MPICommunicator) throws {
    let free = dup(0)
    close(free)
    let refusals = [(RLIMIT_FSIZE, 1000), (RLIMIT_NOFILE, Int(free)), (RLIMIT_NOFILE, Int(free) + 1)]
    for (resource, limit) in refusals {
        let sum = try limited(resource, to: limit, communicator.rank == communicator.size - 1) {
            try makeSum(communicator, sharing: true)
        }
        try require(sum.way == .messages, "memory is shared beyond limit \(limit)")
        try printHashes(communicator, sum)
    }
    try printHashes(communicator, try makeSum(communicator, sharing: true))
}

private func limited<Result>(
    _ name: __rlimit_resource, to limit: Int, _ isOn: Bool, _ body: () throws -> Result
) throws -> Result {
    guard isOn else { return try body() }
    let resource = __rlimit_resource_t(name.rawValue)
    var before = rlimit()
    getrlimit(resource, &before)
    var now = rlimit(rlim_cur: rlim_t(limit), rlim_max: before.rlim_max)
    try require(setrlimit(resource, &now) == 0, "setrlimit")
    defer { setrlimit(resource, &before) }
    return try body()
}

/// Rank 0 waits in a sum for ranks that first wait for messages of rank 0, more than MPI can store.
func checkMessagesDuringSum(_ communicator: MPICommunicator) throws {
    let sum = try makeSum(communicator, sharing: true), tag = communicator.reserveTags(1),
        others = 1..<communicator.size
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 20_000_000, alignment: 16)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    let isSender = communicator.rank == 0
    let exchange = try communicator.exchange(
        sends: isSender ? others.map { OutgoingMessage(to: $0, UnsafeRawBufferPointer(bytes)) } : [],
        receives: isSender ? [] : [IncomingMessage(from: 0, bytes)], tag: tag)
    if !isSender { try exchange.wait() }
    try addShards(sum)
    _ = try sum.finish()
    try exchange.wait()
}

/// The last rank is stopped while the others wait for it in a sum.
func getStoppedInSum(_ communicator: MPICommunicator) throws {
    let sum = try makeSum(communicator, sharing: true)
    let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: 2)
    communicator.heartbeat.beat("training", step: 7)
    try require(sum.way == .sharedMemory, "no shared memory")
    if communicator.rank == communicator.size - 1 { raise(SIGSTOP) }
    try addShards(sum)
    _ = try sum.finish()
    watchdog.stop()
}

/// The last rank fails while the others wait for it in a sum.
func failInSum(_ communicator: MPICommunicator) throws {
    let sum = try makeSum(communicator, sharing: true)
    if communicator.rank == communicator.size - 1 { throw Failure(.inputOutput, "disk: gone") }
    try addShards(sum)
    _ = try sum.finish()
}
