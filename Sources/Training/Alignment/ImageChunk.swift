import Autodiff

/// Some images of a shard, with what the alignment term reads of them. Fewer than all only where each image's logits
/// are its own: `StreamPlan` knows.
struct ImageChunk {
    /// The graph of these images, where they are not all.
    let rows: RowGraph?
    /// [B, H, W, C], a variable, and the logits [B, classes] of these images alone.
    let images, logits: Tensor
    /// [B, classes], of the shard's own graph.
    let logProbabilities: Tensor
    /// [K, B, H, W, C]
    let targets: Tensor
    /// `classes[k][b]`
    let classes: [[Int]]

    init(_ range: Range<Int>, of shard: LabelledImages, _ clean: ShardPasses.Outputs, targets: Tensor) {
        if range.count == shard.labels.count {
            rows = nil
            (images, logits) = (clean.images, clean.logits)
            logProbabilities = clean.logProbabilities
            (self.targets, classes) = (targets, shard.classes)
            return
        }
        guard let rows = RowGraph(range, of: clean.logits, from: clean.images) else {
            preconditionFailure("ImageChunk: images \(range) of \(clean.images.shape) do not stand alone")
        }
        self.rows = rows
        (images, logits) = (rows.batch, rows.output)
        logProbabilities = clean.logProbabilities.sliced(range, axis: -2)
        self.targets = targets.sliced(range, axis: -4)
        classes = shard.classes.map { Array($0[range]) }
    }
}
