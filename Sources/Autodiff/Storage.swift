import Kernels

/// The numbers of a tensor, in a pool's memory.
///
/// Sendable without a lock because of one rule: only the code that made a storage writes to it, and it stops before
/// the storage becomes part of a tensor that others can see.
public final class Storage: @unchecked Sendable {
    public let count: Int
    public let pointer: Destination
    public let pool: MemoryPool
    /// The storage that owns the memory, where this one is a window into it.
    private let owner: Storage?

    public init(count: Int, in pool: MemoryPool) {
        self.count = count
        self.pool = pool
        owner = nil
        pointer = pool.take(bytes: count * MemoryLayout<Scalar>.stride).assumingMemoryBound(to: Scalar.self)
    }

    /// A window of `count` numbers into another storage.
    public init(window offset: Int, _ count: Int, of other: Storage) {
        precondition(offset >= 0 && count >= 0 && offset + count <= other.count, "Storage: window out of range")
        self.count = count
        pool = other.pool
        owner = other.owner ?? other
        pointer = other.pointer + offset
    }

    var isWindow: Bool { owner != nil }

    deinit {
        if owner == nil { pool.giveBack(pointer, bytes: count * MemoryLayout<Scalar>.stride) }
    }
}
