import Figures

/// What an objective says of a step, or of a part of it: of every figure a sum and how many it is the sum of, so that
/// shards and ranks add up.
public struct FigureSums: Sendable, Equatable {
    /// A sum, and of how many.
    public struct Mean: Sendable, Equatable {
        public var sum = 0.0
        public var count = 0

        public init(sum: Double = 0, count: Int = 0) {
            self.sum = sum
            self.count = count
        }

        mutating func add(_ value: Double, of count: Int = 1) {
            sum += value
            self.count += count
        }

        /// Nil of nothing.
        public var value: Double? { count > 0 ? sum / Double(count) : nil }
    }

    /// Of the step, or of the part of it.
    public let images: Int
    /// Of the figures that something was said of.
    public private(set) var sums: [Figure: Mean] = [:]

    public init(images: Int) { self.images = images }

    /// Nothing, where nothing was said.
    public subscript(figure: Figure) -> Mean {
        get { sums[figure] ?? Mean() }
        set { sums[figure] = newValue }
    }

    /// Adds the sum over so many, or over the images.
    public mutating func add(_ figure: Figure, _ sum: Double, of count: Int? = nil) {
        sums[figure, default: Mean()].add(sum, of: count ?? images)
    }
}
