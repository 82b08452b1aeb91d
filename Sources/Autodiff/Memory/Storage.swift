import Kernels

/// The numbers of a tensor, in a pool's memory.
///
/// Sendable without a lock because of one rule: only the code that made a storage writes to it, and it stops before
/// the storage becomes part of a tensor that others can see.
public final class Storage: @unchecked Sendable {
    /// Numbers, not bytes.
    public let count: Int
    /// The first number, at an address that 64 divides unless this is a window. See above for who may write.
    public let pointer: Destination
    /// Where the memory goes back to.
    public let pool: MemoryPool
    /// The storage that owns the memory, where this one is a window into it.
    private let owner: Storage?
    /// Like a graph, filled and read by one thread.
    private var prepared: [FilterForm: Storage] = [:]

    /// Room for numbers that are still to be written. Ends the program where the system has no more memory.
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

    /// A window of rows, where `batch` of them fill this storage.
    func rows(_ rows: Range<Int>, of batch: Int) -> Storage {
        let row = count / batch
        return Storage(window: rows.lowerBound * row, rows.count * row, of: self)
    }

    /// These numbers in the form that a convolution method reads, made once if forms are kept: valid for as long
    /// as this object, because its numbers do not change.
    func preparedFilters(_ form: FilterForm, make: () -> Storage) -> Storage {
        if let known = prepared[form] { return known }
        guard pool.execution.preparedFilters.keeps else { return make() }
        if prepared.isEmpty { pool.execution.preparedFilters.note(self) }
        let new = make()
        prepared[form] = new
        return new
    }

    /// Adds numbers in place, for a holder that shares this object with nobody. What was prepared from the old numbers
    /// goes: a cotangent can have served as filters before its last contribution arrives.
    func add(_ other: Storage) {
        accumulate(count, other.pointer, into: pointer)
        prepared = [:]
    }

    func forgetPreparedFilters() { prepared = [:] }

    deinit {
        if owner == nil { pool.giveBack(pointer, bytes: count * MemoryLayout<Scalar>.stride) }
    }
}

/// What prepared filters are for: they do not depend on the number of images.
enum FilterForm: Hashable {
    /// What a convolution of one image reads.
    case convolution(ConvolutionGeometry, ConvolutionOperation)
    /// What a linear layer's products with tokens read.
    case linear(ConvolutionOperation)
    /// As they are, but for the precision of products.
    case bfloat16

    static func of(_ geometry: ConvolutionGeometry, _ operation: ConvolutionOperation) -> FilterForm {
        var one = geometry
        one.images = 1
        return .convolution(one, operation)
    }
}
