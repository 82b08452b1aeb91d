import Synchronization

/// What a rank is doing, written by its main thread and read by its watchdog.
///
/// Long work outside the communicator must call `beat` now and then; communication beats by itself.
public final class Heartbeat: Sendable {
    private let beatCount = Atomic<Int>(0)
    private let lastStep = Atomic<Int>(0)
    /// Addresses of literals, which are words and so need no lock; 0 for none.
    private let phaseName: Atomic<UInt>
    private let operationName = Atomic<UInt>(0)
    private let attachedRoll = Mutex<RollCall?>(nil)

    /// A rank that has not joined its job yet.
    public init() { phaseName = Atomic(Self.address("start")) }

    /// Marks progress in a phase such as "training" or "checkpoint".
    public func beat(_ phase: StaticString, step: Int) {
        phaseName.store(Self.address(phase), ordering: .relaxed)
        lastStep.store(step, ordering: .relaxed)
        beat()
    }

    /// Marks progress in the phase and step as they were.
    public func beat() { beatCount.wrappingAdd(1, ordering: .relaxed) }

    /// Runs `body` as a wait for other ranks. Of two nested waits the outer one gives the name.
    public func waiting<Result>(in operation: StaticString, _ body: () throws -> Result) rethrows -> Result {
        guard operationName.load(ordering: .relaxed) == 0 else { return try body() }
        operationName.store(Self.address(operation), ordering: .relaxed)
        beat()
        defer {
            operationName.store(0, ordering: .relaxed)
            beat()
        }
        return try body()
    }

    /// The number of beats so far.
    public var beats: Int { beatCount.load(ordering: .relaxed) }
    /// That the last named beat was given.
    public var step: Int { lastStep.load(ordering: .relaxed) }
    /// What the rank does, by its last named beat; "" before any.
    public var phase: String { Self.text(phaseName.load(ordering: .relaxed)) ?? "" }
    /// The wait for other ranks that this rank is in, if any.
    public var operation: String? { Self.text(operationName.load(ordering: .relaxed)) }

    // MARK: The roll call

    /// From now on the watchdog can ask for the others.
    func attach(_ roll: RollCall) { attachedRoll.withLock { $0 = roll } }
    var roll: RollCall? { attachedRoll.withLock { $0 } }

    private static func address(_ text: StaticString) -> UInt {
        precondition(text.hasPointerRepresentation, "Heartbeat: a name of one character")
        return UInt(bitPattern: text.utf8Start)
    }

    /// A literal lives as long as the program and ends with a zero.
    private static func text(_ address: UInt) -> String? {
        UnsafePointer<CChar>(bitPattern: address).map { String(cString: $0) }
    }
}
