import Autodiff

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
