import Data
import Randomness

/// Made smaller and large again.
struct Pixelate: Corruption {
    let name = "pixelate"
    /// Of the sides.
    private static let factors = [0.95, 0.9, 0.85, 0.75, 0.65]

    func suits(_ shape: ImageShape) -> Bool { shape.height > 1 && shape.width > 1 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let factor = Self.factors[severity - 1], shape = image.shape
        let small = ImageSize(height: Int(Double(shape.height) * factor), width: Int(Double(shape.width) * factor))
        return Self.resized(Self.resized(image, to: small), to: ImageSize(height: shape.height, width: shape.width))
    }

    private static func resized(_ image: PixelImage, to size: ImageSize) -> PixelImage {
        let shape = ImageShape(height: size.height, width: size.width, channels: image.shape.channels)
        var resampling = Resampling(from: image.shape, to: size, filter: .box)
        let bytes = [UInt8](unsafeUninitializedCapacity: shape.count) { room, filled in
            image.bytes.withUnsafeBufferPointer { resampling($0, into: room.baseAddress.unsafelyUnwrapped) }
            filled = shape.count
        }
        return PixelImage(shape, bytes)
    }
}
