import Distributed
import Glibc

/// Ranks that wait for the last one leave their cores to others, whatever they wait in.
func checkWaits(_ communicator: MPICommunicator) throws {
    let isLate = communicator.rank == communicator.size - 1
    func requireSleep(in what: String, _ body: () throws -> Void) throws {
        try communicator.barrier()
        if isLate { sleep(1) }
        let before = clock()
        try body()
        let seconds = Double(clock() - before) / 1e6
        // A second's wait takes some hundredths.
        try require(isLate || seconds < 0.3, "\(what): a wait of a second took \(seconds) s of a core")
    }
    try requireSleep(in: "a barrier") { try communicator.barrier() }
    for sharing in [true, false] {
        let sum = try makeSum(communicator, sharing: sharing)
        try addShards(sum)
        try requireSleep(in: "a sum, \(sum.way.rawValue)") { _ = try sum.finish() }
    }
    let counter = try SeveralMachines(communicator, perMachine: 1).makeTicketCounter()
    try requireSleep(in: "the end of the tickets") { try counter.release() }
}
