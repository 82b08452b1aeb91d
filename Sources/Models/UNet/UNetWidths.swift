/// The channels that meet in the blocks of the way up, from the deepest level.
struct UNetWidths {
    /// Of each block: the channels of its input, of its output, and of the skips it takes, in order.
    var up: [(input: Int, output: Int, skips: [Int])] = []

    /// Both as `UNet` says them.
    init(_ widths: [Int], layersPerBlock: Int) {
        let reversed = Array(widths.reversed())
        for (i, output) in reversed.enumerated() {
            let below = reversed[min(i + 1, reversed.count - 1)]
            up.append(
                (reversed[max(0, i - 1)], output, Array(repeating: output, count: layersPerBlock) + [below]))
        }
    }

    /// Channels behind each concatenation.
    var joined: [Int] {
        up.flatMap { block in block.skips.enumerated().map { ($0 == 0 ? block.input : block.output) + $1 } }
    }
}
