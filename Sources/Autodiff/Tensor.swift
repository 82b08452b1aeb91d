import Kernels

/// An immutable array of numbers in row-major order, with the operation that made it while a gradient may be asked for.
public struct Tensor: Sendable {
    /// The extents, outermost first.
    public let shape: Shape
    /// The numbers, which other tensors may share.
    public internal(set) var storage: Storage
    let node: Node?

    init(shape: Shape, storage: Storage, node: Node?) {
        precondition(storage.count == shape.count, "Tensor: \(storage.count) numbers for shape \(shape)")
        self.shape = shape
        self.storage = storage
        self.node = node
    }

    /// A constant over existing numbers.
    public init(shape: Shape, storage: Storage) { self.init(shape: shape, storage: storage, node: nil) }

    /// A constant whose numbers `fill` writes, all of them.
    public init(_ shape: Shape, in pool: MemoryPool, fill: (Destination) throws -> Void) rethrows {
        let storage = Storage(count: shape.count, in: pool)
        try fill(storage.pointer)
        self.init(shape: shape, storage: storage, node: nil)
    }

    /// A constant of one number.
    public init(_ shape: Shape, repeating value: Scalar, in pool: MemoryPool) {
        self.init(shape, in: pool) { $0.update(repeating: value, count: shape.count) }
    }

    /// A constant of the given numbers, in row-major order.
    public init(_ shape: Shape, _ values: [Scalar], in pool: MemoryPool) {
        precondition(values.count == shape.count, "Tensor: \(values.count) numbers for shape \(shape)")
        self.init(shape, in: pool) { $0.update(from: values, count: values.count) }
    }

    /// Where the numbers are, and where results go.
    public var pool: MemoryPool { storage.pool }
    /// The first number, valid while the tensor, or another one over its storage, is alive.
    public var pointer: Source { Source(storage.pointer) }
    /// A copy of the numbers, in row-major order.
    public var array: [Scalar] { Array(UnsafeBufferPointer(start: storage.pointer, count: storage.count)) }

    /// The value of a tensor with one element.
    public var item: Scalar {
        precondition(shape.count == 1, "Tensor.item: shape \(shape)")
        return storage.pointer[0]
    }

    /// The same numbers as a constant: no gradient flows through.
    public var detached: Tensor { Tensor(shape: shape, storage: storage, node: nil) }

    /// The same numbers as a new variable, with respect to which gradients can be taken.
    public var variable: Tensor { Tensor(shape: shape, storage: storage, node: Node(leafOf: shape)) }

    /// True if a gradient can flow to this tensor.
    public var isRecorded: Bool { node != nil }

    /// Bytes that the graph behind this tensor keeps for its gradients: a function of shapes alone.
    public var bytesKept: Int {
        var pending = [node].compactMap(\.self), seen = Set(pending.map(ObjectIdentifier.init))
        var counted: Set<ObjectIdentifier> = [], count = 0
        while let node = pending.popLast() {
            for storage in node.keptStorages where counted.insert(ObjectIdentifier(storage)).inserted {
                count += storage.count
            }
            for case let producer? in node.edges.map(\.producer)
            where seen.insert(ObjectIdentifier(producer)).inserted { pending.append(producer) }
        }
        return count * MemoryLayout<Scalar>.stride
    }

    /// Images [start, end) of the first axis as a constant, without a copy.
    public func rows(_ range: Range<Int>) -> Tensor {
        let row = shape.dropFirst()
        return Tensor(
            shape: [range.count] + row,
            storage: Storage(window: range.lowerBound * row.count, range.count * row.count, of: storage))
    }
}
