import Data
import Failures
import TestSupport
import Testing

/// PNG and JPEG files through the smallest data set that holds them.
@Suite struct ImageFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = TemporaryDirectory() }

    private func open(_ bytes: [UInt8], resizedTo size: ImageSize? = nil) throws -> DatasetSplits {
        for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"] {
            try directory.write(name, bytes)
        }
        return try DatasetRegistry.open(DataSelection("folder:\(directory.path)", size: size))
    }

    /// Pixels as Pillow reads them: no gamma (`deep` and `interlaced` state one), no rotation (`rotated` asks for one).
    @Test(
        arguments: [
            ("black-and-white.png", 1, "bc16c18855ed8d35"), ("colour.png", 3, "6f91d06cd0acafc4"),
            ("deep.png", 3, "6f91d06cd0acafc4"), ("full.jpg", 3, "9ced7489b6bc4ad5"),
            ("grey.jpg", 1, "d13129b90adb4fde"), ("grey.png", 1, "9614aedc062e870e"),
            ("halved.jpg", 3, "8a371f3d1ae5e642"), ("interlaced.png", 3, "6f91d06cd0acafc4"),
            ("opaque.png", 3, "6f91d06cd0acafc4"), ("palette.png", 3, "e7946a24dead2792"),
            ("progressive.jpg", 3, "29f20c75110b1694"), ("rotated.jpg", 3, "957e2656db382029"),
        ])
    func pixelsAreThoseThatPillowReads(_ name: String, _ channels: Int, _ hash: String) throws {
        let splits = try open(fixture(name))
        #expect(splits.train.shape == ImageShape(height: 13, width: 21, channels: channels))
        #expect(digest(splits.train.bytes(0)) == hash)
        #expect(splits.test.bytes(1) == splits.train.bytes(0))
        #expect(splits.notices.contains { $0.contains("16 bits") } == (name == "deep.png"))
        #expect(splits.range == pixelRange)
    }

    /// The bits of Pillow's `resize(..., BILINEAR)`.
    @Test(
        arguments: [
            (7, 5, "48a47d9f1179baf0", "fe3d824ba02fb599"), (26, 42, "3c463333d316e36c", "d54dd54cac763f8e"),
            (13, 64, "1f056862e8e573b5", "0fa263981edda8dd"), (1, 1, "4bfa260a661d6811", "ee0ea05d8052892e"),
            (40, 21, "08b13aa3a8e443c8", "f8c5e2b27771784a"), (12, 20, "6445542c72d65221", "f4ce68abe3a3b758"),
        ])
    func sizesChangeAsInPillow(_ height: Int, _ width: Int, _ grey: String, _ colour: String) throws {
        let size = ImageSize(height: height, width: width)
        for (name, channels, hash) in [("grey.png", 1, grey), ("colour.png", 3, colour)] {
            let splits = try open(fixture(name), resizedTo: size)
            #expect(splits.train.shape == ImageShape(height: height, width: width, channels: channels))
            #expect(digest(splits.train.bytes(0)) == hash)
        }
    }

    @Test func whatIsNoOpaqueGreyOrRGBImageIsRefused() throws {
        for (name, words) in [("transparent.png", "transparent pixels"), ("cmyk.jpg", "CMYK")] {
            try refuse(fixture(name), words)
        }
        try refuse([], "is empty, expected a PNG or JPEG image")
        try refuse(Array("GIF89a".utf8), "is a GIF picture, expected a PNG or JPEG image")
        try refuse([1, 2, 3, 4, 5], "not an image, expected a PNG or JPEG image")
    }

    @Test(arguments: ["grey.png", "interlaced.png", "palette.png", "halved.jpg", "progressive.jpg"])
    func truncatedImagesAreRefused(_ name: String) throws {
        let whole = try fixture(name)
        for length in stride(from: 1, to: whole.count, by: max(1, whole.count / 60)) {
            try refuse(Array(whole.prefix(length)), "train/a/1.png: ")
        }
    }

    @Test func damagedPixelsAreRefused() throws {
        var image = try fixture("grey.png")
        image[image.count - 30] ^= 1
        try refuse(image, "1.png: damaged")
    }

    /// Nothing is allocated by what a header claims.
    @Test func claimsThatTheFileCannotHoldAreRefused() throws {
        var png = try fixture("grey.png")
        png.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x10, 0])
        png.replaceSubrange(29..<33, with: checksum(png[12..<29]))
        try refuse(png, "claims more pixels than the file can hold")
        png.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
        png.replaceSubrange(29..<33, with: checksum(png[12..<29]))
        try refuse(png, "more than 67,108,864 pixels")
        var jpeg = try fixture("grey.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
        try refuse(jpeg, "claims more pixels than the file can hold")
    }

    private func refuse(_ bytes: [UInt8], _ words: String) throws {
        do {
            _ = try open(bytes)
            Issue.record("an image was read from \(bytes.count) bytes")
        } catch let failure as Failure {
            #expect(failure.kind == .badInput)
            #expect(failure.description.contains(words), "\(failure)")
            #expect(failure.description.contains("1.png: "), "the file is named")
        }
    }

    /// CRC-32 as PNG and ZIP have it, big-endian.
    private func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let sum = crc32(Array(bytes))
        return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32($0))) }
    }
}
