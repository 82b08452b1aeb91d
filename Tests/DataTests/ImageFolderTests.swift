import Data
import Formats
import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct ImageFolderTests {
    let directory: TemporaryDirectory
    var spec: String { "folder:\(directory.path)" }

    init() throws { directory = TemporaryDirectory() }

    /// An image of 2x3 grey pixels of one value.
    private func write(_ name: String, _ value: UInt8, channels: Int = 1, height: Int = 2) throws {
        try directory.write(
            name,
            RasterImage(
                width: 3, height: height, channels: channels,
                pixels: [UInt8](repeating: value, count: 3 * height * channels)
            ).png())
    }

    @Test func classesAndImagesComeInTheOrderOfTheirNames() throws {
        for (name, value) in [
            ("train/b/10.png", 3), ("train/b/9.PNG", 4), ("train/10/x.png", 1), ("train/10/y/z.jpeg", 2),
            ("train/a b/1.jpg", 5), ("test/b/1.png", 23), ("test/b/2.png", 24), ("test/10/1.png", 21),
            ("test/a b/1.png", 22),
        ] as [(String, UInt8)] { try write(name, value) }
        let splits = try DatasetRegistry.open(spec)
        #expect(splits.train.classNames == ["10", "a b", "b"])
        #expect((0..<5).map { splits.train.bytes($0)[0] } == [1, 2, 5, 3, 4])
        #expect((0..<5).map { splits.train.label($0) } == [0, 0, 1, 2, 2])
        // By turns.
        #expect((0..<4).map { splits.test.bytes($0)[0] } == [21, 22, 23, 24])
        #expect((0..<4).map { splits.test.label($0) } == [0, 1, 2, 2])
        #expect(splits.train.shape == ImageShape(height: 2, width: 3, channels: 1))
        #expect(splits.mean == [0.0118], "3 / 255")
        #expect(splits.deviation == [0.0055], "the square root of 2, / 255")
        #expect(splits.notices.isEmpty)
    }

    @Test func whatIsNoImageIsPassedOverAndSaid() throws {
        for part in ["train", "val"] {
            for name in ["a", "b"] { try write("\(part)/\(name)/1.png", 7) }
            try directory.write("\(part)/a/.DS_Store", [1])
            try directory.write("\(part)/a/Thumbs.db", [1])
        }
        try directory.write("train/a/.hidden/1.png", [1])
        #expect(try DatasetRegistry.open(spec).notices.isEmpty)
        try directory.write("train/a/notes.txt", [1])
        try directory.write("labels.csv", [1])
        try directory.write("extra/1.png", [1])
        let notices = try DatasetRegistry.open(spec).notices
        #expect(notices.count == 2)
        #expect(notices[0] == "\(directory.path): not read: extra")
        #expect(notices[1].contains("passed over: 2 files that are no PNG or JPEG image, \(directory.path)/labels.csv"))
        try directory.write("train/a/2.webp", [1])
        expectRefusal(spec, "train/a/2.webp: an image of a kind that is not read, expected PNG or JPEG")
    }

    @Test func aTenthIsHeldOutWhereNothingIsToTest() throws {
        for i in 0..<20 { try write("a/\(i).png", UInt8(i)) }
        for i in 0..<5 { try write("b/\(i).png", UInt8(100 + i)) }
        let splits = try DatasetRegistry.open(spec)
        #expect(splits.train.count == 22 && splits.test.count == 3)
        #expect((0..<3).map { splits.test.label($0) } == [0, 1, 0])
        let all = (0..<22).map { splits.train.bytes($0)[0] } + (0..<3).map { splits.test.bytes($0)[0] }
        #expect(Set(all) == Set(Array(0..<20) + Array(100..<105)))
        #expect(splits.notices.count == 1)
        #expect(
            splits.notices[0].contains("a tenth of each class, by a hash of the names, is held out to test, 3 images"))
        let again = try DatasetRegistry.open(spec)
        #expect(again.test.fingerprint == splits.test.fingerprint, "the same in every run")

        // The same below a folder called train.
        let nested = TemporaryDirectory()
        rename("\(directory.path)", "\(nested.path)/train")
        #expect(try DatasetRegistry.open("folder:\(nested.path)").test.fingerprint == splits.test.fingerprint)
    }

    @Test func greyImagesBecomeColouredWhereOneIs() throws {
        for part in ["train", "test"] {
            try write("\(part)/a/1.png", 10)
            try write("\(part)/a/2.png", 20)
            try write("\(part)/b/1.png", 30, channels: part == "test" ? 3 : 1)
        }
        let splits = try DatasetRegistry.open(spec)
        #expect(splits.train.shape.channels == 3)
        #expect(splits.train.bytes(1) == [UInt8](repeating: 20, count: 18))
        #expect(splits.test.bytes(2) == [UInt8](repeating: 20, count: 18))
        #expect(splits.mean == [0.0784, 0.0784, 0.0784])
    }

    @Test func differentSizesAreRefusedUnlessTheyAreResized() throws {
        for part in ["train", "test"] {
            try write("\(part)/a/1.png", 10)
            try write("\(part)/b/1.png", 30, height: part == "test" ? 4 : 2)
        }
        expectRefusal(
            spec, "test/b/1.png: an image of 4x3, expected 2x3 as \(directory.path)/train/a/1.png, or data.resize")
        let resized = try DatasetRegistry.open(
            DataSelection(spec, size: ImageSize(height: 5, width: 4)))
        #expect(resized.train.shape == ImageShape(height: 5, width: 4, channels: 1))
        #expect(resized.test.bytes(1) == [UInt8](repeating: 30, count: 20))
    }

    @Test func classesMustHaveImagesEverywhere() throws {
        expectRefusal(spec, "no folders in it, expected a folder of images for each of at least 2 classes")
        try write("a/1.png", 1)
        expectRefusal(spec, "one folder, a in it")
        mkdir("\(directory.path)/b", 0o700)
        expectRefusal(spec, "/b: no PNG or JPEG images")
        try write("b/1.png", 1)
        expectRefusal(spec, "/a: one image, expected at least two")
        for name in ["train/a", "train/b", "test/a", "test/c"] { try write("divided/\(name)/1.png", 1) }
        expectRefusal("\(spec)/divided", "/divided/test: no class \"b\"")
        try write("divided/test/b/1.png", 1)
        expectRefusal("\(spec)/divided", "/divided/test/c: a class that")
    }

    @Test func moreThan256ClassesHaveLabelsOfTheirOwn() throws {
        for i in 0..<300 {
            for part in ["train", "test"] { try write("\(part)/\(1000 + i)/1.png", UInt8(i % 250)) }
        }
        let splits = try DatasetRegistry.open(spec)
        #expect((0..<300).map { splits.train.label($0) } == Array(0..<300))
        #expect(splits.train.classNames[299] == "1299")
    }
}
