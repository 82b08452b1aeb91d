/// Height, width and channels of an image whose elements lie channels last: element (y, x, c) stands at
/// `(y * width + x) * channels + c`.
public struct ImageShape: Sendable, Equatable, CustomStringConvertible {
    public let height: Int
    public let width: Int
    public let channels: Int

    public init(height: Int, width: Int, channels: Int) {
        precondition(height > 0 && width > 0 && channels > 0, "ImageShape: \(height)x\(width)x\(channels)")
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Elements of one image.
    public var count: Int { height * width * channels }

    /// For example `32x32x3`.
    public var description: String { "\(height)x\(width)x\(channels)" }
}
