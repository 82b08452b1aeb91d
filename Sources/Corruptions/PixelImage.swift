import Data

/// An image of bytes, channels last, as corruptions take and make them.
public struct PixelImage: Sendable, Equatable {
    public let shape: ImageShape
    /// `shape.count` of them.
    public let bytes: [UInt8]

    public init(_ shape: ImageShape, _ bytes: [UInt8]) {
        precondition(bytes.count == shape.count, "PixelImage: \(bytes.count) bytes of \(shape)")
        self.shape = shape
        self.bytes = bytes
    }

    /// Values of which 1 means white. What is out of [0, 1] is brought to its end; fractions of a byte are cut off, as
    /// the published images have them.
    public init(_ shape: ImageShape, unit: [Double]) {
        self.init(shape, unit.map { UInt8(min(max($0, 0), 1) * 255) })
    }

    /// The values in [0, 1].
    public var unit: [Double] { bytes.map { Double($0) / 255 } }
}
