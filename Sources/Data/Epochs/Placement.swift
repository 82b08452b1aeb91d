import Kernels

/// Where the window of a crop lies, and whether what it shows is mirrored afterwards.
public struct Placement: Sendable, Equatable {
    /// Pixels that the window is moved to the right and down; what it shows beyond the image is zero.
    public let dx: Int
    public let dy: Int
    /// Left to right, after the crop.
    public let mirrored: Bool

    public init(dx: Int, dy: Int, mirrored: Bool) {
        self.dx = dx
        self.dy = dy
        self.mirrored = mirrored
    }

    /// The image as it is.
    public static let identity = Placement(dx: 0, dy: 0, mirrored: false)

    /// Writes what the window shows of `source` to `result`: element (y, x) is element (y + dy, x + dx) of the source,
    /// or (y + dy, width - 1 - x + dx) when mirrored.
    ///
    /// Both are `shape.count` elements, channels last, and must not overlap. An image and the target gradients that
    /// belong to it go through the same placement, the gradients a class at a time.
    public func apply(
        _ shape: ImageShape, from source: UnsafePointer<Scalar>, to result: UnsafeMutablePointer<Scalar>
    ) {
        let (height, width, channels) = (shape.height, shape.width, shape.channels)
        // Columns of the window, before mirroring, that lie on the image.
        let left = max(0, -dx)
        let right = min(width, width - dx)
        for y in 0..<height {
            let row = result + y * width * channels
            let sourceY = y + dy
            guard sourceY >= 0 && sourceY < height && left < right else {
                row.update(repeating: 0, count: width * channels)
                continue
            }
            let sourceRow = source + sourceY * width * channels
            if mirrored {
                row.update(repeating: 0, count: (width - right) * channels)
                for x in left..<right {
                    let pixel = row + (width - 1 - x) * channels
                    for c in 0..<channels { pixel[c] = sourceRow[(x + dx) * channels + c] }
                }
                (row + (width - left) * channels).update(repeating: 0, count: left * channels)
            } else {
                row.update(repeating: 0, count: left * channels)
                (row + left * channels).update(
                    from: sourceRow + (left + dx) * channels, count: (right - left) * channels)
                (row + right * channels).update(repeating: 0, count: (width - right) * channels)
            }
        }
    }
}
