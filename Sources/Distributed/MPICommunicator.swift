import CMPI
import CPlatform
import Failures
import Glibc

/// All processes that one launcher (mpirun, srun --mpi=pmix) started.
///
/// A process makes at most one, and uses it only on the thread that made it: MPI is initialised with
/// MPI_THREAD_FUNNELED. Errors of the library are thrown as `Failure`, but do not promise that the job can go on.
public final class MPICommunicator: Communicator {
    public let rank: Int
    public let size: Int
    public let nodeRank: Int
    public let nodeSize: Int
    public let heartbeat: Heartbeat
    private let world: OpaquePointer
    private let heartbeats: OpaquePointer?
    private let thread = pthread_self()
    private let gatherTag = 0
    private var nextTag = 1

    /// MPI counts are Int32, so longer messages are cut.
    public static let defaultChunk = 1 << 30

    /// Joins the job.
    /// - Parameter chunk: the longest single message in bytes.
    public init(chunk: Int = MPICommunicator.defaultChunk) throws {
        precondition(chunk > 0 && chunk <= Int(Int32.max), "MPICommunicator: chunk of \(chunk) bytes")
        var joined: OpaquePointer?
        try check("start", cmpi_join(Int64(chunk), &joined))
        guard let world = joined else { throw Failure(.internalError, "MPI: cannot start") }
        self.world = world
        rank = Int(cmpi_rank(world))
        size = Int(cmpi_size(world))
        nodeRank = Int(cmpi_node_rank(world))
        nodeSize = Int(cmpi_node_size(world))

        var shared: OpaquePointer?
        var base: UnsafeMutableRawPointer?
        // Without shared memory the watchdogs know less, which is no reason to give up.
        if cmpi_shared_new(world, Int64(HeartbeatTable.slotBytes), &shared, &base) == 0, let base {
            heartbeat = Heartbeat(
                table: HeartbeatTable(shared: base, slots: nodeSize), slot: nodeRank, rank: rank)
        } else {
            heartbeat = Heartbeat()
        }
        heartbeats = shared

        let code = cplatform_die_with_parent()
        guard code == 0 else {
            throw Failure(
                .internalError, code < 0 ? "the launcher is gone" : "cannot follow the launcher: \(errorText(code))")
        }
    }

    /// A process that ends without it makes the launcher end the job.
    public func leave() throws {
        mustBeOwnThread()
        // No rank may free the shared heartbeats while another still writes there.
        try heartbeat.waiting(in: "the end of the job") { try check("barrier", cmpi_barrier(world)) }
        heartbeat.detach()
        if let heartbeats { try check("window", cmpi_shared_free(heartbeats)) }
        try check("end", cmpi_leave(world))
    }

    /// The library's name and version, one line.
    public static var libraryVersion: String {
        let text = cText { cmpi_library_version($0, $1) }
        return String(text.prefix { $0 != "\n" && $0 != "," })
    }

    public func barrier() throws {
        mustBeOwnThread()
        try heartbeat.waiting(in: "barrier") { try check("barrier", cmpi_barrier(world)) }
    }

    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        mustBeOwnThread()
        precondition(root >= 0 && root < size, "broadcast: root \(root) of \(size) ranks")
        try heartbeat.waiting(in: "broadcast") {
            try check("broadcast", cmpi_broadcast(world, bytes.baseAddress, Int64(bytes.count), Int32(root)))
        }
    }

    public func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
        mustBeOwnThread()
        return try heartbeat.waiting(in: "all-gather") {
            let counts = try gatherCounts(bytes.count)
            let total = counts.reduce(0, +)
            let all = try [UInt8](unsafeUninitializedCapacity: Int(total)) { memory, filled in
                try bytes.withUnsafeBytes {
                    try check("all-gather", cmpi_gather_bytes(world, $0.baseAddress, memory.baseAddress, counts))
                }
                filled = Int(total)
            }
            return split(all, counts)
        }
    }

    public func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
        mustBeOwnThread()
        precondition(root >= 0 && root < size, "gather: root \(root) of \(size) ranks")
        return try heartbeat.waiting(in: "gather") {
            let counts = try gatherCounts(bytes.count)
            guard rank == root else {
                try bytes.withUnsafeBytes {
                    try exchange(sends: [OutgoingMessage(to: root, $0)], receives: [], tag: gatherTag).wait()
                }
                return []
            }
            let total = Int(counts.reduce(0, +))
            let all = try [UInt8](unsafeUninitializedCapacity: total) { memory, filled in
                var receives: [IncomingMessage] = [], start = 0
                for (peer, count) in counts.enumerated() {
                    let part = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(memory)[
                        start..<start + Int(count)])
                    if peer == rank { part.copyBytes(from: bytes) } else { receives.append(.init(from: peer, part)) }
                    start += Int(count)
                }
                try exchange(sends: [], receives: receives, tag: gatherTag).wait()
                filled = total
            }
            return split(all, counts)
        }
    }

    private func gatherCounts(_ count: Int) throws -> [Int64] {
        var counts = [Int64](repeating: 0, count: size)
        try check("gather", cmpi_gather_int64(world, Int64(count), &counts))
        return counts
    }

    private func split(_ all: [UInt8], _ counts: [Int64]) -> [[UInt8]] {
        var start = 0
        return counts.map { count in
            defer { start += Int(count) }
            return Array(all[start..<start + Int(count)])
        }
    }

    public func exchange(
        sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int
    ) throws -> any Exchange {
        mustBeOwnThread()
        precondition(tag >= 0 && tag <= Int(Int32.max), "exchange: tag \(tag)")
        let exchange = try MPIExchange(world, heartbeat)
        // Receives first: a message that finds its destination waiting need not be stored in between.
        for message in receives {
            precondition(isOther(message.rank), "exchange: message from rank \(message.rank) to rank \(rank)")
            try check("receive", cmpi_start_receive(
                exchange.requests, message.bytes.baseAddress, Int64(message.bytes.count), Int32(message.rank),
                Int32(tag)))
        }
        for message in sends {
            precondition(isOther(message.rank), "exchange: message from rank \(rank) to rank \(message.rank)")
            try check("send", cmpi_start_send(
                exchange.requests, message.bytes.baseAddress, Int64(message.bytes.count), Int32(message.rank),
                Int32(tag)))
        }
        return exchange
    }

    private func isOther(_ peer: Int) -> Bool { peer >= 0 && peer < size && peer != rank }

    public func reserveTags(_ count: Int) -> Int {
        precondition(count >= 0, "reserveTags: \(count)")
        let largest = Int(cmpi_largest_tag(world))
        precondition(nextTag + count - 1 <= largest, "reserveTags: \(nextTag) + \(count) tags of \(largest + 1)")
        defer { nextTag += count }
        return nextTag
    }

    public func makeTicketCounter() throws -> any TicketCounter {
        mustBeOwnThread()
        return try heartbeat.waiting(in: "a ticket counter") { try MPITicketCounter(world, heartbeat) }
    }

    public func abort(_ line: String, code: Int32) -> Never {
        fflush(nil)
        writeToStandardError(line)
        cmpi_abort(code)
        // MPI_Abort may return where the launcher is gone.
        _exit(code)
    }

    /// Sums in place over all ranks with the library's own MPI_Allreduce, in an order of the library's choice: a
    /// yardstick for `TreeReduction`.
    public func librarySum(_ values: UnsafeMutableBufferPointer<Float>) throws {
        mustBeOwnThread()
        try heartbeat.waiting(in: "all-reduce") {
            try check("all-reduce", cmpi_sum_float(world, values.baseAddress, Int64(values.count)))
        }
    }

    public func librarySum(_ values: UnsafeMutableBufferPointer<Double>) throws {
        mustBeOwnThread()
        try heartbeat.waiting(in: "all-reduce") {
            try check("all-reduce", cmpi_sum_double(world, values.baseAddress, Int64(values.count)))
        }
    }

    private func mustBeOwnThread() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "MPICommunicator: used on another thread")
    }
}
