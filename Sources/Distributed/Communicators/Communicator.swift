/// The processes ("ranks") of a job, or stand-ins for them.
///
/// A communicator belongs to the thread that made it, but for `exchange` and `progress`, which any thread may call.
/// Every call except these, `reserveTags`, `abort` and a ticket counter's `next` is collective: all ranks make the same
/// calls in the same order. Trouble in the library or in another rank is thrown as a `Failure`; after one, end the job
/// with `endJob`.
public protocol Communicator: AnyObject {
    /// This process's number, 0 ..< `size`.
    var rank: Int { get }
    /// The number of ranks.
    var size: Int { get }
    /// The ranks of this machine, this one among them, in order.
    var neighbours: [Int] { get }
    /// The machine of each rank, by name: for people, as two machines may have the same.
    var hosts: [String] { get }
    /// What this rank is doing, for the watchdog. Blocking calls mark themselves as waiting.
    var heartbeat: Heartbeat { get }

    /// Returns when every rank has called it.
    func barrier() throws
    /// Fills `bytes`, of the same length on every rank, with the root's.
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws
    /// Every rank's bytes, of any length, in rank order.
    func allGather(_ bytes: [UInt8]) throws -> [[UInt8]]
    /// Every rank's bytes in rank order on the root; nothing elsewhere.
    func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]]

    /// Starts messages to and from other ranks. The memory must live, sources unchanged and destinations untouched,
    /// until the exchange is complete. A send and a receive match by tag, and in order under the same tag; their
    /// lengths must agree. Any number of exchanges may be under way.
    func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws -> any Exchange
    /// Moves all messages on as far as it goes, and throws if the job has failed. For those who wait for something else
    /// than messages.
    func progress() throws
    /// The first of `count` tags that nobody else on this communicator uses. The same on every rank when every rank
    /// reserves in the same order.
    func reserveTags(_ count: Int) -> Int

    /// A number that all ranks count up together.
    func makeTicketCounter() throws -> any TicketCounter

    /// Leaves the job in good order: the last call, with no exchange under way and every ticket counter released.
    func leave() throws

    /// Ends all ranks within seconds with this exit code, after writing the line to standard error.
    func abort(_ line: String, code: Int32) -> Never
}

/// Bytes on their way to a rank. The memory is lent.
public struct OutgoingMessage {
    public let rank: Int
    public let bytes: UnsafeRawBufferPointer

    public init(to rank: Int, _ bytes: UnsafeRawBufferPointer) {
        self.rank = rank
        self.bytes = bytes
    }
}

/// Where bytes from a rank go. The memory is lent.
public struct IncomingMessage {
    public let rank: Int
    public let bytes: UnsafeMutableRawBufferPointer

    public init(from rank: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        self.rank = rank
        self.bytes = bytes
    }
}

/// Messages under way.
public protocol Exchange: AnyObject {
    /// Whether all its messages have been sent and received. Asking also moves messages on, those of other exchanges
    /// too, and throws if the job has failed.
    func isComplete() throws -> Bool
    /// Returns when `isComplete` holds.
    func wait() throws
}

/// Hands out 0, 1, 2, ... to whichever rank asks next: work of uneven length for ranks of uneven speed. Until it is
/// released no rank makes a collective call, for others may be waiting for a ticket.
public protocol TicketCounter: AnyObject {
    /// The next number that no rank has had yet; the first time, a rank's own. Not collective.
    func next() throws -> Int
    /// Ends the counter. Collective; to be called before the communicator ends.
    func release() throws
}
