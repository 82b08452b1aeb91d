import Kernels

/// How rows along the last axis of a cotangent meet those of a tensor without the cotangent's leading axes.
struct RepeatedRows {
    let repeats, rows, columns: Int

    init(_ name: String, _ cotangent: Shape, over shape: Shape) {
        let lead = cotangent.rank - shape.rank
        precondition(
            shape.rank > 0 && lead >= 0 && cotangent.dropFirst(lead) == shape, "\(name): \(cotangent) and \(shape)")
        repeats = cotangent.prefix(lead).count
        columns = shape[-1]
        rows = shape.count / max(1, columns)
    }
}

extension Pullback {
    /// A contribution that `fill` makes in one pass, summed over the leading axes of `first` and `second`, which
    /// `third` lacks. It cannot be differentiated: nil where it is to be put together of operations.
    func summedOverRows(
        _ name: String, _ first: Tensor, _ second: Tensor, _ third: Tensor, _ fill: (RepeatedRows, Destination) -> Void
    ) -> Tensor? {
        guard !isRecording, lead == 0 else { return nil }
        let rows = RepeatedRows(name, first.shape, over: third.shape)
        return compute("\(name) by its row", [first, second, third]) {
            [Tensor(third.shape, in: third.pool) { fill(rows, $0) }]
        }[0]
    }
}

extension RowCut {
    /// Whether rows stand alone where those of input 0 meet those of input 1, which may lack its leading axes.
    var followsAsRows: Bool {
        follows(0, before: 1) && follows(1) == (inputs[1].rank == output.rank)
    }
}
