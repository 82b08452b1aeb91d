import Autodiff
import Distributed
import Kernels

/// Puts a shard's parameter gradients into its vector as they become final, and lets the buckets that they fill travel
/// while the backward pass goes on.
public struct ShardGradient {
    private let vector: Destination
    private let offsets: [Int]
    /// Nil where nothing is to travel before the shard has ended.
    private let reduction: TreeReduction?
    private var isFinal: [Bool]
    /// All parameters from this one on are final.
    private var firstFinal: Int
    /// Whether all gradients so far were finite.
    public private(set) var isFinite = true

    /// - Parameter offsets: where each parameter's gradient begins in the vector, in declaration order.
    public init(_ vector: Destination, offsets: [Int], overlapping reduction: TreeReduction?) {
        self.vector = vector
        self.offsets = offsets
        self.reduction = reduction
        isFinal = Array(repeating: false, count: offsets.count)
        firstFinal = offsets.count
    }

    /// Throws what the reduction throws when it moves messages on.
    public mutating func receive(_ parameter: Int, _ gradient: Tensor) throws {
        let count = gradient.shape.count
        (vector + offsets[parameter]).update(from: gradient.pointer, count: count)
        isFinite = isFinite && contiguousSum(count, gradient.pointer).isFinite
        isFinal[parameter] = true
        guard let reduction, parameter + 1 == firstFinal else { return }
        while firstFinal > 0, isFinal[firstFinal - 1] { firstFinal -= 1 }
        try reduction.ready(downTo: offsets[firstFinal])
    }
}
