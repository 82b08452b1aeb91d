/// An image of eight bits a channel, grey or RGB.
public struct RasterImage: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 1 for grey, 3 for RGB.
    public let channels: Int
    /// Rows from the top, pixels from the left, channels together: height x width x channels bytes.
    public var pixels: [UInt8]

    /// `pixels` has `width * height * channels` bytes.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(
            width > 0 && height > 0 && (channels == 1 || channels == 3) && pixels.count == width * height * channels,
            "RasterImage: \(pixels.count) pixels for \(height) x \(width) x \(channels)")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }
}
