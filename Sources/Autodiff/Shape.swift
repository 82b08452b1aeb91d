/// The extents of a tensor, outermost first. Images are [..., height, width, channels].
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Outermost first; [] is a single number.
    public let extents: [Int]
    /// Numbers of a tensor of this shape: the product of the extents.
    public let count: Int

    public init(_ extents: [Int]) {
        self.extents = extents
        count = extents.reduce(1, *)
    }
    public init(arrayLiteral extents: Int...) { self.init(extents) }

    /// The shape of a single number.
    public static let scalar = Shape([])

    /// The number of axes.
    public var rank: Int { extents.count }
    public var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }

    /// The extent of an axis; negative axes count from the end.
    public subscript(axis: Int) -> Int { extents[axis < 0 ? rank + axis : axis] }

    /// Without the first `count` axes, or all of them if there are fewer; the same holds for the others.
    public func dropFirst(_ count: Int = 1) -> Shape { Shape(Array(extents.dropFirst(count))) }
    /// The first `count` axes.
    public func prefix(_ count: Int) -> Shape { Shape(Array(extents.prefix(count))) }
    /// The last `count` axes.
    public func suffix(_ count: Int) -> Shape { Shape(Array(extents.suffix(count))) }

    /// That of some rows, where `batch` of them have this shape; nil where the first axis is not made of rows.
    func rows(_ rows: Range<Int>, of batch: Int) -> Shape? {
        guard let first = extents.first, first % batch == 0 else { return nil }
        return Shape([first / batch * rows.count]) + dropFirst()
    }
    /// The axes of `a` and then those of `b`.
    public static func + (a: Shape, b: Shape) -> Shape { Shape(a.extents + b.extents) }

    /// The common shape of two operands aligned at their last axes, or nil if they do not fit.
    public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
        var extents: [Int] = []
        for axis in 1...max(1, a.rank, b.rank) where axis <= max(a.rank, b.rank) {
            let (p, q) = (axis <= a.rank ? a[-axis] : 1, axis <= b.rank ? b[-axis] : 1)
            guard p == q || p == 1 || q == 1 else { return nil }
            extents.append(p == 1 ? q : p)
        }
        return Shape(extents.reversed())
    }
}
