import CMPI
import CPlatform
import Failures
import Glibc

/// All processes that one launcher (mpirun, srun --mpi=pmix) started.
///
/// A process makes at most one. Errors of the library are thrown as `Failure`, but do not promise that the job can go
/// on.
public final class MPICommunicator: Communicator {
    public let rank: Int
    public let size: Int
    public let neighbours: [Int]
    public private(set) var hosts: [String]
    public let heartbeat: Heartbeat
    private let world: OpaquePointer
    private var roll: RollCallMessages?
    private let thread = pthread_self()
    private let gatherTag = 0
    private var nextTag = 1

    /// MPI counts are Int32, so longer messages are cut.
    public static let defaultChunk = 1 << 30

    /// Joins the job.
    /// - Parameters:
    ///   - chunk: the longest single message in bytes.
    ///   - heartbeat: may be watched already.
    public init(chunk: Int = MPICommunicator.defaultChunk, heartbeat: Heartbeat = Heartbeat()) throws {
        precondition(chunk > 0 && chunk <= Int(Int32.max), "MPICommunicator: chunk of \(chunk) bytes")
        self.heartbeat = heartbeat
        heartbeat.beat(Watchdog.joining, step: 0)
        // First, because a launcher that gives up must not leave ranks behind that still wait for others.
        let code = cplatform_die_with_parent()
        guard code == 0 else {
            throw Failure(
                .internalError, code < 0 ? "the launcher is gone" : "cannot follow the launcher: \(errorText(code))")
        }
        cplatform_sleep_precisely()
        var joined: OpaquePointer?
        try check("start", cmpi_join(Int64(chunk), &joined))
        guard let world = joined else { throw Failure(.internalError, "MPI: cannot start") }
        self.world = world
        let rank = Int(cmpi_rank(world)), size = Int(cmpi_size(world))
        self.rank = rank
        self.size = size
        var leaders = [Int32](repeating: 0, count: size)
        try check("neighbours", cmpi_neighbours(world, &leaders))
        neighbours = leaders.indices.filter { leaders[$0] == leaders[rank] }
        // Names come by a collective call, which needs all of this to be there.
        hosts = Array(repeating: "", count: size)
        hosts = try allGather(Array(hostName().utf8)).map { String(decoding: $0, as: UTF8.self) }
        if size > 1 {
            let call = RollCall(rank: rank, hosts: hosts)
            roll = try RollCallMessages(world, call, heartbeat)
            heartbeat.attach(call)
        }
        heartbeat.beat("start", step: 0)
    }

    /// A process that ends without it makes the launcher end the job.
    public func leave() throws {
        mustBeOwnThread()
        // Before the library, which cannot tell who is missing.
        try collective(in: "the end of the job") { cmpi_start_barrier($0) }
        roll?.stop()
        try heartbeat.waiting(in: "the end of the job") { try check("end", cmpi_leave(world)) }
    }

    /// The library's name and version, one line.
    public static var libraryVersion: String {
        let text = cText { cmpi_library_version($0, $1) }
        return String(text.prefix { $0 != "\n" && $0 != "," })
    }

    public func barrier() throws {
        mustBeOwnThread()
        try collective(in: "barrier") { cmpi_start_barrier($0) }
    }

    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
        mustBeOwnThread()
        precondition(root >= 0 && root < size, "broadcast: root \(root) of \(size) ranks")
        try collective(in: "broadcast") {
            cmpi_start_broadcast($0, bytes.baseAddress, Int64(bytes.count), Int32(root))
        }
    }

    public func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
        mustBeOwnThread()
        return try heartbeat.waiting(in: "all-gather") {
            let counts = try gatherCounts(bytes.count)
            let total = counts.reduce(0, +)
            let all = try [UInt8](unsafeUninitializedCapacity: Int(total)) { memory, filled in
                try bytes.withUnsafeBytes { bytes in
                    try collective(in: "all-gather") {
                        cmpi_start_gather_bytes($0, bytes.baseAddress, memory.baseAddress, counts)
                    }
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
                    let part = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(memory)[
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
        try withUnsafeBytes(of: Int64(count)) { mine in
            try counts.withUnsafeMutableBufferPointer { counts in
                try collective(in: "gather") {
                    cmpi_start_gather_int64(
                        $0, mine.assumingMemoryBound(to: Int64.self).baseAddress, counts.baseAddress)
                }
            }
        }
        return counts
    }

    /// Waits for what `start` starts, so that the wait can take part in the roll call.
    private func collective(in name: StaticString, _ start: (OpaquePointer) -> Int32) throws {
        let exchange = try MPIExchange(world, heartbeat)
        try heartbeat.waiting(in: name) {
            try check("\(name)", start(exchange.requests))
            try exchange.wait()
        }
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
        precondition(tag >= 0 && tag <= Int(Int32.max), "exchange: tag \(tag)")
        let exchange = try MPIExchange(world, heartbeat)
        // Receives first: a message that finds its destination waiting need not be stored in between.
        for message in receives {
            precondition(isOther(message.rank), "exchange: message from rank \(message.rank) to rank \(rank)")
            try check(
                "receive",
                cmpi_start_receive(
                    exchange.requests, message.bytes.baseAddress, Int64(message.bytes.count), Int32(message.rank),
                    Int32(tag)))
        }
        for message in sends {
            precondition(isOther(message.rank), "exchange: message from rank \(rank) to rank \(message.rank)")
            try check(
                "send",
                cmpi_start_send(
                    exchange.requests, message.bytes.baseAddress, Int64(message.bytes.count), Int32(message.rank),
                    Int32(tag)))
        }
        return exchange
    }

    public func progress() throws { try check("progress", cmpi_progress(world)) }

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
        return try ServedTicketCounter(self)
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

    /// The same in Double.
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
