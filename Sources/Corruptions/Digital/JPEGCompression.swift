import CImages
import Data
import Glibc
import Randomness

/// Stored as JPEG: with colours at half the resolution, as Pillow does by default.
struct JPEGCompression: Corruption {
    let name = "jpeg_compression"
    private static let qualities: [Int32] = [80, 65, 58, 50, 40]

    func suits(_ shape: ImageShape) -> Bool { shape.channels == 1 || shape.channels == 3 }

    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage {
        let shape = image.shape
        var stored = cimages_shape(
            height: Int32(shape.height), width: Int32(shape.width), channels: Int32(shape.channels), bits: 8)
        var problem = [CChar](repeating: 0, count: Int(CIMAGES_PROBLEM_LENGTH))
        var file: UnsafeMutablePointer<UInt8>?, count = 0
        defer { free(file) }
        var code = cimages_write_jpeg(image.bytes, &stored, Self.qualities[severity - 1], &file, &count, &problem)
        let bytes = [UInt8](unsafeUninitializedCapacity: shape.count) { room, filled in
            if code == Int32(CIMAGES_OK) { code = cimages_jpeg(file, count, &stored, room.baseAddress, &problem) }
            precondition(
                code == Int32(CIMAGES_OK),
                "JPEGCompression of \(shape): "
                    + String(decoding: problem.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
            filled = shape.count
        }
        return PixelImage(shape, bytes)
    }
}
