import Autodiff

/// Some images of a shard, with what the alignment term reads of them.
struct ImageChunk {
    /// [B, H, W, C], a variable, and the logits [B, classes] of these images alone.
    let images, logits: Tensor
    /// [B, classes], of the shard's own graph.
    let logProbabilities: Tensor
    /// [K, B, H, W, C]
    let targets: Tensor
    /// `classes[k][b]`
    let classes: [[Int]]

    init(_ range: Range<Int>, of shard: LabelledImages, _ clean: ShardPasses.Outputs, targets: Tensor) {
        guard range.count < shard.labels.count,
            let rows = RowGraph(range, of: clean.logits, from: clean.images)
        else {
            (images, logits) = (clean.images, clean.logits)
            logProbabilities = clean.logProbabilities
            (self.targets, classes) = (targets, shard.classes)
            return
        }
        (images, logits) = (rows.batch, rows.output)
        logProbabilities = clean.logProbabilities.sliced(range, axis: -2)
        self.targets = targets.sliced(range, axis: -4)
        classes = shard.classes.map { Array($0[range]) }
    }
}

/// The input gradients of a shard, put together from those of its chunks.
struct InputGradientRows {
    private let shape: Shape
    private let pool: MemoryPool
    private var parts: [(gradients: Tensor, classes: Range<Int>, images: Range<Int>)] = []

    init(classes: Int, images: Tensor) {
        shape = [classes] + images.shape
        pool = images.pool
    }

    mutating func add(_ gradients: Tensor, classes: Range<Int>, images: Range<Int>) {
        parts.append((gradients, classes, images))
    }

    /// [K, B, H, W, C]
    var all: Tensor {
        if parts.count == 1 { return parts[0].gradients }
        let image = shape.dropFirst(2).count
        return Tensor(shape, in: pool) { out in
            for part in parts {
                let run = part.images.count * image
                for (row, number) in part.classes.enumerated() {
                    (out + (number * shape[1] + part.images.lowerBound) * image)
                        .update(from: part.gradients.pointer + row * run, count: run)
                }
            }
        }
    }
}
