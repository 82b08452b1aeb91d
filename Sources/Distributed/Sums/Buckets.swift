/// A vector cut into pieces that travel separately, numbered from the end of the vector: the backward pass finishes
/// the last parameters first.
public struct Buckets: Sendable, Equatable {
    public let count: Int
    /// From the end of the vector to its beginning; never empty, except for a vector without elements.
    public let ranges: [Range<Int>]

    /// - Parameters:
    ///   - count: the length of the vector.
    ///   - length: the elements of a bucket. The cuts fall on multiples of 16, a cache line of Float, so bucket 0, at
    ///     the end of the vector, may be shorter.
    public init(count: Int, length: Int) {
        precondition(count >= 0 && length > 0, "Buckets: \(count) elements, \(length) a bucket")
        self.count = count
        let step = max(length / 16 * 16, 16)
        ranges = stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }.reversed()
    }
}

extension Range<Int> {
    /// The part of these elements that one of several ranks sums for all, cut on multiples of 16 from the first one.
    func slice(_ rank: Int, of ranks: Int) -> Range<Int> {
        func cut(_ rank: Int) -> Int {
            rank == ranks ? upperBound : lowerBound + count * rank / ranks / 16 * 16
        }
        return cut(rank)..<cut(rank + 1)
    }
}
