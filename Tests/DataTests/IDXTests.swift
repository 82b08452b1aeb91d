import Data
import Formats
import Kernels
import TestSupport
import Testing

@Suite struct IDXTests {
    private static let trainImages = "train-images-idx3-ubyte"
    private static let trainLabels = "train-labels-idx1-ubyte"

    private static func header(_ numbers: [UInt32]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
    }

    private static func images(_ count: Int) -> [UInt8] {
        header([0x803, UInt32(count), 28, 28]) + (0..<count * 784).map { UInt8(truncatingIfNeeded: $0 / 3) }
    }

    private static func labels(_ count: Int) -> [UInt8] {
        header([0x801, UInt32(count)]) + (0..<count).map { UInt8($0 % 10) }
    }

    private let directory: TemporaryDirectory
    private var spec: String { "mnist:\(directory.path)" }

    /// 12 training and 3 test images, plain.
    init() throws {
        directory = TemporaryDirectory()
        try directory.write(IDXTests.trainImages, IDXTests.images(12))
        try directory.write(IDXTests.trainLabels, IDXTests.labels(12))
        try directory.write("t10k-images-idx3-ubyte", IDXTests.images(3))
        try directory.write("t10k-labels-idx1-ubyte", IDXTests.labels(3))
    }

    @Test func plainFilesAreRead() throws {
        let splits = try DatasetRegistry.open(spec)
        #expect(splits.train.count == 12)
        #expect(splits.test.count == 3)
        #expect(splits.train.shape == ImageShape(height: 28, width: 28, channels: 1))
        #expect((0..<12).map(splits.train.label) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
        let expected = (784..<1568).map { Scalar(UInt8(truncatingIfNeeded: $0 / 3)) / 255 }
        #expect(splits.train.image(1) == expected)
    }

    @Test func compressedFilesAreTheSameDataset() throws {
        let plain = try DatasetRegistry.open("fashion-mnist:\(directory.path)")
        directory.remove(IDXTests.trainImages)
        directory.remove(IDXTests.trainLabels)
        try directory.write(IDXTests.trainImages + ".gz", Gzip.deflate(IDXTests.images(12)))
        try directory.write(IDXTests.trainLabels + ".gz", Gzip.deflate(IDXTests.labels(12)))
        let compressed = try DatasetRegistry.open("fashion-mnist:\(directory.path)")
        #expect(compressed.train.fingerprint == plain.train.fingerprint)
        #expect(compressed.train.image(7) == plain.train.image(7))
        #expect(plain.train.classNames[9] == "Ankle boot")
        #expect(try DatasetRegistry.open(spec).train.fingerprint != plain.train.fingerprint)
    }

    @Test(
        arguments: [
            ([], "file truncated: 0 bytes, expected an IDX header of 16 bytes"),
            ([0, 0, 8], "file truncated: 3 bytes"),
            (header([0x803, 12, 28]), "file truncated: 12 bytes"),
            (header([0x0308_0000, 12, 28, 28]), "magic number 0x03080000, expected 0x00000803 of IDX images"),
            (header([0x801, 12, 28, 28]), "magic number 0x00000801"),
            (header([0x803, 12, 28, 27]), "images of 28x27, expected 28x28"),
            (header([0x803, .max, .max, .max]), "images of 4294967295x4294967295"),
            (header([0x803, 0, 28, 28]), "claims 0 images, expected 1 to 60,000"),
            (header([0x803, .max, 28, 28]), "claims 4,294,967,295 images"),
            (header([0x803, 60_000, 28, 28]), "file truncated: 16 bytes, expected 47,040,016 bytes for 60,000 images"),
            (images(12).dropLast(), "file truncated: 9,423 bytes, expected 9,424 bytes for 12 images"),
            (images(12) + [0], "file too long: 9,425 bytes"),
            (images(11), "12 labels, expected 11, as many as images in"),
        ] as [([UInt8], String)])
    func damagedImagesAreRefused(bytes: [UInt8], words: String) throws {
        try directory.write(IDXTests.trainImages, bytes)
        expectRefusal(spec, words, words.contains("labels, ") ? IDXTests.trainLabels : IDXTests.trainImages)
        directory.remove(IDXTests.trainImages)
        try directory.write(IDXTests.trainImages + ".gz", Gzip.deflate(bytes))
        expectRefusal(spec, words)
    }

    @Test(
        arguments: [
            (header([0x801]), "file truncated: 4 bytes, expected an IDX header of 8 bytes"),
            (header([0x803, 12]), "magic number 0x00000803, expected 0x00000801 of IDX labels"),
            (header([0x801, .max]), "claims 4,294,967,295 labels"),
            (labels(13), "13 labels, expected 12, as many as images in"),
            (labels(12).dropLast() + [10], "record 11 has label 10, expected 0 to 9"),
        ] as [([UInt8], String)])
    func damagedLabelsAreRefused(bytes: [UInt8], words: String) throws {
        try directory.write(IDXTests.trainLabels, bytes)
        expectRefusal(spec, "\(directory.path)/\(IDXTests.trainLabels): \(words)")
    }

    @Test func missingFileIsNamed() throws {
        directory.remove("t10k-labels-idx1-ubyte")
        expectRefusal(spec, "t10k-labels-idx1-ubyte: no such file, expected the labels of MNIST test, plain or .gz")
    }

    @Test func damagedCompressedFilesAreRefused() throws {
        let good = Gzip.deflate(IDXTests.images(12))
        var corrupt = good
        corrupt[good.count / 2] ^= 0x55
        var wrongChecksum = good
        wrongChecksum[good.count - 6] ^= 1
        directory.remove(IDXTests.trainImages)
        for bytes in [Array(good[..<20]), Array(good.dropLast()), corrupt, wrongChecksum, good + [7], [0x1f, 0x8b]] {
            try directory.write(IDXTests.trainImages + ".gz", bytes)
            expectRefusal(spec, "\(directory.path)/\(IDXTests.trainImages).gz: ")
        }
    }

    @Test func compressedFilesDoNotGrowBeyondTheOfficialSize() throws {
        directory.remove(IDXTests.trainImages)
        let bomb = Gzip.deflate(IDXTests.header([0x803, .max, 28, 28]) + [UInt8](repeating: 0, count: 1 << 26))
        #expect(bomb.count < 1 << 17)
        try directory.write(IDXTests.trainImages + ".gz", bomb)
        expectRefusal(spec, "expands to more than")
    }
}
