import CImages
import Failures
import Formats

/// A PNG or JPEG file as grey or RGB bytes, the same as Pillow reads: no gamma and no colour profile is applied, and no
/// rotation that the file may ask for. What kind it is, its contents say, not its name.
struct ImageFile {
    /// Grey or RGB.
    let shape: ImageShape
    /// Bits of a channel in the file. The upper 8 are read.
    let bits: Int
    private let path: String
    private let contents: [UInt8]
    private let reader: Reader

    private typealias Reader =
        @convention(c) (
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<cimages_shape>?, UnsafeMutablePointer<UInt8>?,
            UnsafeMutablePointer<CChar>?
        ) -> Int32

    private static let largestFile = 256 << 20
    private static let expectation = "a PNG or JPEG image"

    /// Reads the header. Throws `Failure.badInput` for what is no image, is damaged as far as its header shows, or of a
    /// kind that is not read.
    init(_ path: String) throws {
        self.path = path
        contents = try FileContents.read(path, limit: Self.largestFile)
        if contents.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
            reader = { cimages_png($0, $1, $2, $3, $4) }
        } else if contents.starts(with: [0xff, 0xd8]) {
            reader = { cimages_jpeg($0, $1, $2, $3, $4) }
        } else {
            throw contents.withUnsafeBytes {
                FileFormat.refusal(path, $0, expected: [], words: Self.expectation)
            } ?? Failure.badInput(path, "not an image", expected: Self.expectation)
        }
        var found = cimages_shape()
        try Self.read(reader, contents, path, &found, into: nil)
        shape = ImageShape(height: Int(found.height), width: Int(found.width), channels: Int(found.channels))
        bits = Int(found.bits)
    }

    /// Writes the `shape.count` bytes, channels last.
    func decode(into pixels: UnsafeMutablePointer<UInt8>) throws {
        var wanted = cimages_shape(
            height: Int32(shape.height), width: Int32(shape.width), channels: Int32(shape.channels), bits: 0)
        try Self.read(reader, contents, path, &wanted, into: pixels)
    }

    private static func read(
        _ reader: Reader, _ contents: [UInt8], _ path: String, _ shape: inout cimages_shape,
        into pixels: UnsafeMutablePointer<UInt8>?
    ) throws {
        var problem = [CChar](repeating: 0, count: Int(CIMAGES_PROBLEM_LENGTH))
        let code = reader(contents, contents.count, &shape, pixels, &problem)
        guard code != Int32(CIMAGES_OK) else { return }
        let text = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch code {
        case Int32(CIMAGES_NO_MEMORY): throw Failure(.missing, "\(path): \(text)")
        case Int32(CIMAGES_UNSUPPORTED):
            throw Failure.badInput(path, text, expected: "an opaque grey or RGB image of at most 67,108,864 pixels")
        default: throw Failure.badInput(path, "damaged: \(text)", expected: expectation)
        }
    }
}
