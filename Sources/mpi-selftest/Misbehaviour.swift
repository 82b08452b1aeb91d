import Distributed
import Failures
import Glibc

func failOnOneRank(_ communicator: MPICommunicator) throws {
    if communicator.rank == communicator.size - 1 { throw Failure(.inputOutput, "disk: gone") }
    try communicator.barrier()
}

func failOnAllRanks(_ communicator: MPICommunicator) throws {
    throw Failure(.badInput, "config.yaml: bad")
}

/// The last rank sleeps while the others wait for it. The watchdog allows 2 s.
func getStuck(_ communicator: MPICommunicator) throws {
    let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: 2)
    communicator.heartbeat.beat("training", step: 7)
    if communicator.rank == communicator.size - 1 { while true { sleep(1000) } }
    try communicator.barrier()
    watchdog.stop()
}

/// The same, but the last rank cannot speak, either.
func getStopped(_ communicator: MPICommunicator) throws {
    let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: 2)
    communicator.heartbeat.beat("training", step: 7)
    if communicator.rank == communicator.size - 1 { raise(SIGSTOP) }
    try communicator.barrier()
    watchdog.stop()
}

/// The last rank is stopped, and the one before works on for as long as it likes.
func getStoppedBesideWork(_ communicator: MPICommunicator) throws {
    let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: 2)
    communicator.heartbeat.beat("evaluation", step: 7)
    if communicator.rank == communicator.size - 1 { raise(SIGSTOP) }
    if communicator.rank == communicator.size - 2 { work(communicator, seconds: 50) }
    try communicator.barrier()
    watchdog.stop()
}

/// The last rank works for several times as long as the others' watchdogs allow them to wait.
func workForLong(_ communicator: MPICommunicator) throws {
    let watchdog = try Watchdog(communicator.heartbeat, rank: communicator.rank, seconds: 1)
    communicator.heartbeat.beat("evaluation", step: 7)
    let counter = try SeveralMachines(communicator, perMachine: 1).makeTicketCounter()
    while case let ticket = try counter.next(), ticket < communicator.size {
        if communicator.rank == communicator.size - 1 { work(communicator, seconds: 4) }
    }
    try counter.release()
    try communicator.barrier()
    watchdog.stop()
}

private func work(_ communicator: MPICommunicator, seconds: Int) {
    for _ in 0..<seconds * 20 {
        usleep(50_000)
        communicator.heartbeat.beat()
    }
}

func waitForSignal(_ communicator: MPICommunicator) throws {
    let request = try StopRequest()
    try communicator.barrier()
    if communicator.rank == 0 { print("ready") }
    fflush(nil)
    while try !communicator.anyRank(request.isPending) { usleep(10_000) }
    let names = try communicator.allGather(Array((request.signalName ?? "none").utf8))
    if communicator.rank == 0 { print("agreed", String(decoding: names[0], as: UTF8.self)) }
}

func computeForEver(_ communicator: MPICommunicator) throws {
    try communicator.barrier()
    print("process \(getpid())")
    fflush(nil)
    while true { usleep(100_000) }
}
