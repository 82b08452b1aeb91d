import Distributed
import Failures
import Glibc

// Runs one check of Distributed under mpirun; Tests/mpi/selftest starts it with various numbers of ranks.
let checks: [String: (MPICommunicator) throws -> Void] = [
    "collectives": checkCollectives, "messages": checkMessages, "lengths": checkLengths, "tickets": checkTickets,
    "tickets-during-work": checkTicketsDuringWork, "waits": checkWaits,
    "reduction": checkReduction, "refused-memory": checkRefusedMemory, "messages-during-sum": checkMessagesDuringSum,
    "report": printReport, "stopped-in-sum": getStoppedInSum,
    "stopped-beside-work": getStoppedBesideWork, "long-work": workForLong, "fails-in-sum": failInSum,
    "one-fails": failOnOneRank, "all-fail": failOnAllRanks, "stuck": getStuck, "stopped": getStopped,
    "signal": waitForSignal, "forever": computeForEver, "measure": measure,
]
if CommandLine.arguments.dropFirst() == ["join"] {
    do {
        let communicator = try joinJob()
        print("rank \(communicator.rank) of \(communicator.size)")
        try communicator.leave()
        exit(0)
    } catch let failure as Failure {
        endJob(failure, communicator: SingleProcess())
    }
}
guard CommandLine.arguments.count > 1, let check = checks[CommandLine.arguments[1]] else {
    print("usage: mpi-selftest " + checks.keys.sorted().joined(separator: "|"))
    exit(Failure.Kind.usage.exitCode)
}
do {
    // Small chunks, so that every message of more than a few bytes is cut; not when speed is the question.
    let communicator = try MPICommunicator(
        chunk: CommandLine.arguments[1] == "measure" ? MPICommunicator.defaultChunk : 1000)
    do {
        try check(communicator)
        try communicator.leave()
    } catch let failure as Failure {
        endJob(failure, communicator: communicator)
    }
} catch {
    print("pag: \(error)")
    exit(Failure.Kind.internalError.exitCode)
}
