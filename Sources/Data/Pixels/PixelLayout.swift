/// How a file orders the elements of an image, which in memory lie channels last. `Tensor.channelsFirst` and
/// `channelsLast` are the same for tensors.
public enum PixelLayout: Sendable {
    case channelsLast
    /// A plane a channel, each row by row (CIFAR, PyTorch's tensors).
    case planes
    /// A plane a channel, each column by column (STL-10).
    case columnMajorPlanes

    /// Calls `body` for every element with its place in an image channels last and its place in the file's order.
    @inlinable
    @inline(__always)
    public func forEach(_ shape: ImageShape, _ body: (_ place: Int, _ stored: Int) -> Void) {
        let (height, width, channels) = (shape.height, shape.width, shape.channels)
        switch self {
        case .channelsLast:
            for i in 0..<shape.count { body(i, i) }
        case .planes:
            for c in 0..<channels {
                for i in 0..<height * width { body(i * channels + c, c * height * width + i) }
            }
        case .columnMajorPlanes:
            for c in 0..<channels {
                for y in 0..<height {
                    for x in 0..<width {
                        body((y * width + x) * channels + c, (c * width + x) * height + y)
                    }
                }
            }
        }
    }
}
