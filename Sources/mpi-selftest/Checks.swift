import Distributed
import Failures
import Glibc
import Kernels

func require(_ condition: Bool, _ what: String) throws {
    guard condition else { throw Failure(.checkFailed, what) }
}

func checkCollectives(_ communicator: MPICommunicator) throws {
    let rank = communicator.rank, size = communicator.size
    for length in [0, 1, 5000] {
        let mine = [UInt8](repeating: UInt8(rank), count: length * rank + length % 2)
        let expected = (0..<size).map { [UInt8](repeating: UInt8($0), count: length * $0 + length % 2) }
        try require(try communicator.allGather(mine) == expected, "allGather of \(length)")
        for root in 0..<size {
            let gathered = try communicator.gather(mine, to: root)
            try require(gathered == (rank == root ? expected : []), "gather of \(length) to \(root)")
            let text = try communicator.broadcast(rank == root ? expected[root] : [], from: root)
            try require(text == expected[root], "broadcast of \(length) from \(root)")
        }
        try communicator.barrier()
    }
    try require(try communicator.anyRank(rank == size - 1), "anyRank of a set flag")
    try require(try !communicator.anyRank(false), "anyRank of no flag")
    try communicator.requireAgreement(onHash: 7, "numbers")
    do {
        try communicator.requireAgreement(onHash: rank == size - 1 ? 8 : 7, "numbers")
        try require(size == 1, "a difference was not found")
    } catch let failure as Failure where failure.kind == .internalError {
        try require(size == 2 || failure.description.contains("on rank \(size - 1), against"), "\(failure)")
    }
    try require(communicator.nodeSize == size && communicator.nodeRank == rank, "node ranks")
}

/// A ring, both ways and several times at once, with messages longer than a chunk.
func checkMessages(_ communicator: MPICommunicator) throws {
    let rank = communicator.rank, size = communicator.size
    guard size > 1 else { return }
    let next = (rank + 1) % size, previous = (rank + size - 1) % size
    let count = 3457, tags = communicator.reserveTags(4)
    let outgoing = [UInt8](repeating: UInt8(rank), count: count)
    var incoming = [[UInt8]](repeating: [UInt8](repeating: 255, count: count), count: 4)
    try outgoing.withUnsafeBytes { from in
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * count, alignment: 16)
        defer { memory.deallocate() }
        let exchanges = try (0..<4).map { i in
            try communicator.exchange(
                sends: [OutgoingMessage(to: next, from)],
                receives: [IncomingMessage(from: previous, .init(rebasing: memory[i * count..<(i + 1) * count]))],
                tag: tags + i)
        }
        for exchange in exchanges.reversed() {
            while try !exchange.isComplete() { try communicator.progress() }
            try exchange.wait()
        }
        for i in 0..<4 { incoming[i] = Array(memory[i * count..<(i + 1) * count]) }
    }
    let expected = [UInt8](repeating: UInt8(previous), count: count)
    try require(incoming.allSatisfy { $0 == expected }, "messages of rank \(previous)")
}

/// A message that is shorter, and one that is longer than expected.
func checkLengths(_ communicator: MPICommunicator) throws {
    for sent in [10, 30] {
        var memory = [UInt8](repeating: 0, count: 20)
        let tag = communicator.reserveTags(1)
        if communicator.rank == 1 {
            try [UInt8](repeating: 1, count: sent).withUnsafeBytes {
                try communicator.exchange(sends: [OutgoingMessage(to: 0, $0)], receives: [], tag: tag).wait()
            }
        } else if communicator.rank == 0 {
            var message = ""
            do {
                try memory.withUnsafeMutableBytes {
                    try communicator.exchange(sends: [], receives: [IncomingMessage(from: 1, $0)], tag: tag).wait()
                }
            } catch let failure as Failure {
                message = failure.description
            }
            try require(message.contains(sent < 20 ? "shorter" : "truncate"), "\(sent) bytes for 20: \(message)")
        }
        try communicator.barrier()
    }
}

func checkTickets(_ communicator: MPICommunicator) throws {
    for machine in 1...4 {
        try handOutTickets(SeveralMachines(communicator, perMachine: machine))
    }
    try handOutTickets(communicator)
}

/// Rank 0 is at work while the others take all tickets but its own: nobody waits for it.
func checkTicketsDuringWork(_ communicator: MPICommunicator) throws {
    let counter = try SeveralMachines(communicator, perMachine: 1).makeTicketCounter(), count = 20
    var mine: [Int] = []
    while case let ticket = try counter.next(), ticket < count {
        mine.append(ticket)
        if communicator.rank == 0 { sleep(2) }
    }
    try counter.release()
    try require(communicator.rank > 0 || communicator.size == 1 || mine == [0], "rank 0 has taken \(mine)")
}

private func handOutTickets(_ communicator: any Communicator) throws {
    for round in 0..<2 {
        let counter = try communicator.makeTicketCounter()
        var mine: [Int64] = []
        while case let ticket = try counter.next(), ticket < 1000 {
            if mine.isEmpty { try require(ticket == communicator.rank, "the first ticket is \(ticket)") }
            mine.append(Int64(ticket))
        }
        try counter.release()
        let bytes = mine.withUnsafeBytes { Array($0) }
        let taken = try communicator.allGather(bytes).flatMap { part in
            part.withUnsafeBytes { part in
                (0..<part.count / 8).map { part.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self) }
            }
        }
        try require(taken.sorted() == Array(0..<1000), "tickets of round \(round)")
    }
}

func sampleValue(_ shard: Int, _ i: Int) -> Scalar {
    var x = UInt64(shard &* 1_000_003 &+ i &+ 1) &* 0x9E37_79B9_7F4A_7C15
    x = (x ^ x >> 29) &* 0xBF58_476D_1CE4_E5B9
    return (Scalar(x >> 40) - Scalar(1 << 23)) * ((x & 3 == 0) ? 1e-4 : 3)
}

func printReport(_ communicator: MPICommunicator) throws {
    for report in try MachineReport.gather(communicator) where communicator.rank == 0 {
        print(
            "rank \(report.rank) host \(report.host) local \(report.nodeRank)/\(report.nodeSize) "
                + "cores \(report.cores) \(report.processor), avx2 \(report.features.contains("avx2")), "
                + MPICommunicator.libraryVersion)
    }
}
