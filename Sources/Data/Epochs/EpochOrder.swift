import Randomness

/// The order in which an epoch visits the images: a function of seed, epoch and number of images and of nothing else,
/// so that every rank knows the whole order and takes its part of each batch without a word to the others.
public struct EpochOrder: Sendable {
    /// A permutation of `0 ..< count`.
    public let indices: [Int]

    /// The order of `count` images in an epoch, counted from 0.
    public init(seed: UInt64, epoch: Int, count: Int) {
        precondition(epoch >= 0 && count >= 0, "EpochOrder: epoch \(epoch), \(count) images")
        var stream = RandomStream(seed: seed, purpose: .epochOrder, UInt64(epoch))
        indices = stream.permutation(count)
    }

    /// The batches of the epoch. The images left over at the end sit this epoch out: a smaller last batch would be cut
    /// into other shards and weigh its images differently.
    public func batches(batchSize: Int) -> [ArraySlice<Int>] {
        precondition(batchSize > 0, "EpochOrder.batches: batch size \(batchSize)")
        return (0..<indices.count / batchSize).map { indices[$0 * batchSize..<($0 + 1) * batchSize] }
    }

    /// The order that does not change with the epoch; its first N images are what `data.limit: N` means.
    public static func fixedOrder(seed: UInt64, count: Int) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .dataSubset)
        return stream.permutation(count)
    }
}
