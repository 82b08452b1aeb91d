import Synchronization

/// The heartbeats of one machine's ranks in memory that they share, so that a rank that waits can tell which rank it
/// waits for, even one that was stopped and cannot speak.
///
/// Unchecked, because the compiler cannot see that the memory is only ever accessed through atomics and outlives
/// all users.
final class HeartbeatTable: @unchecked Sendable {
    /// A cache line, so that ranks do not slow each other down.
    static let slotBytes = 64
    private enum Field: Int { case rank, step, isWaiting }

    private let words: UnsafeMutablePointer<Atomic<Int>>
    private let owned: UnsafeMutableRawPointer?
    let slots: Int

    /// - Parameter shared: `slots` * `slotBytes` bytes of zeros that the caller keeps alive.
    init(shared: UnsafeMutableRawPointer, slots: Int) {
        words = shared.bindMemory(to: Atomic<Int>.self, capacity: slots * Self.slotBytes / 8)
        owned = nil
        self.slots = slots
    }

    /// A table for the threads of this process.
    init(slots: Int) {
        let bytes = slots * Self.slotBytes
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.slotBytes)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        words = memory.bindMemory(to: Atomic<Int>.self, capacity: bytes / 8)
        owned = memory
        self.slots = slots
    }

    deinit { owned?.deallocate() }

    private func word(_ slot: Int, _ field: Field) -> UnsafeMutablePointer<Atomic<Int>> {
        precondition(slot >= 0 && slot < slots, "HeartbeatTable: slot \(slot) of \(slots)")
        return words + slot * Self.slotBytes / 8 + field.rawValue
    }

    func register(rank: Int, at slot: Int) { word(slot, .rank).pointee.store(rank, ordering: .relaxed) }
    func setStep(_ slot: Int, _ step: Int) { word(slot, .step).pointee.store(step, ordering: .relaxed) }
    func setWaiting(_ slot: Int, _ isWaiting: Bool) {
        word(slot, .isWaiting).pointee.store(isWaiting ? 1 : 0, ordering: .relaxed)
    }

    func rank(_ slot: Int) -> Int { word(slot, .rank).pointee.load(ordering: .relaxed) }
    func step(_ slot: Int) -> Int { word(slot, .step).pointee.load(ordering: .relaxed) }
    func isWaiting(_ slot: Int) -> Bool { word(slot, .isWaiting).pointee.load(ordering: .relaxed) != 0 }
}
