/// Some rows of a batch, as an operation of a graph meets them.
///
/// A tensor follows the batch if its first axis consists of one equal part for each image, in order. Which inputs do is
/// known from where their numbers come from: an extent may agree with the batch by chance. All other inputs are the
/// same for every row.
public struct RowCut: Sendable {
    /// The images that are cut out.
    public let rows: Range<Int>
    /// Of which so many there are.
    public let batch: Int
    /// The shapes of the whole batch.
    public let inputs: [Shape]
    /// The whole batch's result.
    public let output: Shape
    private let following: [Bool]

    /// `following` says of each input whether it follows the batch.
    public init(_ rows: Range<Int>, of batch: Int, inputs: [Shape], following: [Bool], output: Shape) {
        precondition(
            batch > 0 && rows.lowerBound >= 0 && rows.upperBound <= batch && inputs.count == following.count,
            "RowCut: rows \(rows) of \(batch), \(inputs.count) inputs, \(following.count) of them known")
        self.rows = rows
        self.batch = batch
        self.inputs = inputs
        self.output = output
        self.following = following
    }

    /// Whether an input follows the batch.
    public func follows(_ index: Int) -> Bool { following[index] }

    /// Whether an input follows the batch, along an axis that is not one of the last `inner`.
    func follows(_ index: Int, before inner: Int) -> Bool { following[index] && inputs[index].rank > inner }

    /// Whether an input that is aligned with the output at its last axes has, for each of the output's rows, that row
    /// or the same numbers: it follows the batch along the output's first axis, or has no extent there.
    func isAligned(_ index: Int) -> Bool {
        let shape = inputs[index]
        guard shape.rank == output.rank else { return !following[index] && shape.rank < output.rank }
        return following[index] ? shape[0] == output[0] : shape[0] == 1
    }

    /// Whether axes counted from the end leave out the first one of an input.
    func sparesRows(_ axes: [Int], of index: Int) -> Bool { !axes.contains(-inputs[index].rank) }

    /// A shape of the whole batch, of these rows alone; nil where its first axis cannot be cut.
    func shape(_ whole: Shape) -> Shape? { whole.rows(rows, of: batch) }
}
