import CMPI
import Failures

/// A rank's part in the roll call over MPI, by a thread of its own: the main thread computes, or may be stuck. A
/// process that is stopped, or gone, says nothing.
final class RollCallMessages {
    private let thread: BackgroundThread
    /// So a call is answered within a fraction of the shortest watchdog's time.
    private static let interval = 0.1

    init(_ world: OpaquePointer, _ roll: RollCall, _ heartbeat: Heartbeat) throws {
        let messages = Messages(world: world, roll: roll, heartbeat: heartbeat)
        thread = try BackgroundThread("roll call") { pause in
            // After a failure the main thread finds it too, if it matters.
            while pause(Self.interval), (try? messages.attend()) != nil {}
        }
    }

    /// To be called before the rank leaves MPI.
    func stop() { thread.stop() }

    /// Unchecked, because MPI takes calls from any thread, one at a time.
    private struct Messages: @unchecked Sendable {
        let world: OpaquePointer
        let roll: RollCall
        let heartbeat: Heartbeat

        func attend() throws {
            try check("roll call", cmpi_progress(world))
            var callers: Set<Int> = []
            while let (word, rank) = try hear() {
                roll.hear(word, from: rank)
                if word == .calls { callers.insert(rank) }
            }
            let isWaiting = heartbeat.operation != nil
            for rank in callers { try say(isWaiting ? .waits : .works, to: rank) }
            guard roll.takeCall() else { return }
            for rank in roll.hosts.indices where rank != roll.own { try say(.calls, to: rank) }
        }

        private func say(_ word: RollCall.Word, to rank: Int) throws {
            try check("roll call", cmpi_say(world, Int32(word.rawValue), Int32(rank)))
        }

        private func hear() throws -> (RollCall.Word, Int)? {
            var word: Int32 = 0, from: Int32 = -1
            try check("roll call", cmpi_hear(world, &word, &from))
            guard from >= 0 else { return nil }
            guard let heard = RollCall.Word(rawValue: UInt8(truncatingIfNeeded: word)) else {
                throw Failure(.internalError, "roll call: word \(word) from rank \(from)")
            }
            return (heard, Int(from))
        }
    }
}
