/// Height and width of an image.
public struct ImageSize: Sendable, Equatable {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        precondition(height > 0 && width > 0, "ImageSize: \(height)x\(width)")
        self.height = height
        self.width = width
    }
}

/// Where the channels of an array of images stand.
public enum ChannelOrder: String, Sendable, CaseIterable {
    case first, last
}

/// Which data, and what of them.
public struct DataSelection: Sendable, Equatable {
    /// For example `digits` or `folder:DIR`.
    public var spec: String
    /// The classes that are taken, by name or number, in the order of their new numbers; nil: all.
    public var classes: [String]?
    /// What all images are resized to; nil: they are taken as they are.
    public var size: ImageSize?
    /// Of arrays whose shape does not tell.
    public var channels: ChannelOrder?

    public init(_ spec: String, classes: [String]? = nil, size: ImageSize? = nil, channels: ChannelOrder? = nil) {
        self.spec = spec
        self.classes = classes
        self.size = size
        self.channels = channels
    }
}
