import CMPI
import Failures

/// A number in rank 0's memory that ranks increment by MPI_Fetch_and_op, without rank 0's help.
final class MPITicketCounter: TicketCounter {
    private let counter: OpaquePointer
    private let heartbeat: Heartbeat

    init(_ world: OpaquePointer, _ heartbeat: Heartbeat) throws {
        var made: OpaquePointer?
        try check("window", cmpi_counter_new(world, &made))
        guard let made else { throw Failure(.internalError, "MPI: no ticket counter") }
        counter = made
        self.heartbeat = heartbeat
    }

    func next() throws -> Int {
        var ticket: Int64 = 0
        try heartbeat.waiting(in: "a ticket") { try check("fetch and add", cmpi_counter_next(counter, &ticket)) }
        return Int(ticket)
    }

    func release() throws {
        try heartbeat.waiting(in: "the end of the tickets") { try check("window", cmpi_counter_free(counter)) }
    }
}
