import CMPI
import Failures

/// Messages, or a collective operation, that MPI has under way.
final class MPIExchange: Exchange {
    let requests: OpaquePointer
    private let heartbeat: Heartbeat

    init(_ world: OpaquePointer, _ heartbeat: Heartbeat) throws {
        guard let requests = cmpi_requests_new(world) else { throw Failure(.internalError, "MPI: out of memory") }
        self.requests = requests
        self.heartbeat = heartbeat
    }

    deinit { cmpi_requests_free(requests) }

    func isComplete() throws -> Bool {
        var done: Int32 = 0
        try check("test", cmpi_requests_test(requests, &done))
        return done != 0
    }

    func wait() throws {
        try heartbeat.waiting(in: "an exchange") {
            let backoff = Backoff()
            while try !isComplete() { backoff.pause() }
        }
    }
}

/// Throws what the library says about a code that is not 0.
func check(_ action: String, _ code: Int32) throws {
    guard code == 0 else {
        throw Failure(.internalError, "MPI: \(action): " + cText { cmpi_error_text(code, $0, $1) })
    }
}

/// The text that a C function writes into a buffer.
func cText(_ fill: (UnsafeMutablePointer<CChar>, Int32) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
        guard let base = buffer.baseAddress else { return "" }
        base[0] = 0
        fill(base, 1024)
        return String(cString: base)
    }
}
