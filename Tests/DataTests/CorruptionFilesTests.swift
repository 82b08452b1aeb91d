import Data
import Failures
import Formats
import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct CorruptionFilesTests {
    private let folder = TemporaryDirectory()
    private let digits = Digits.splits().test

    /// An .npy file as NumPy writes it.
    private func write(_ name: String, _ type: String, _ shape: [Int], _ elements: [UInt8]) throws {
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape.map { "\($0)," }.joined())), }"
        let header = Array(text.utf8) + Array(repeating: 0x20, count: 117 - text.utf8.count) + [0x0a]
        try AtomicFile.write(
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + elements,
            to: folder.file("\(name).npy"))
    }

    private func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(digits.label($0)) } }

    /// Six images of the digits' shape at five severities: element i of image n is n + 10 severity + i.
    private func writeImages(_ name: String) throws {
        let elements = (1...5).flatMap { severity in
            (0..<6).flatMap { image in (0..<64).map { UInt8(image + 10 * severity + $0) } }
        }
        try write(name, "|u1", [30, 8, 8, 1], elements)
    }

    private func files(_ samples: Int? = nil, size: ImageSize? = nil) throws -> CorruptionFiles {
        try CorruptionFiles(folder.path, of: digits, samples: samples, resizedTo: size)
    }

    @Test func imagesStandBySeverity() throws {
        for name in ["zebra", "fog", "shot_noise"] { try writeImages(name) }
        try write("labels", "<i8", [6], labels(6).flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] })
        let all = try files()
        #expect(all.corruptions == ["shot_noise", "fog", "zebra"] && all.count == 6)
        for severity in 1...5 {
            let images = try all.images(of: "fog", severity: severity)
            #expect(images.count == 6 && images.shape == digits.shape && images.classNames == digits.classNames)
            for image in 0..<6 {
                #expect(images.label(image) == digits.label(image))
                #expect(images.image(image)[3] == Scalar(image + 10 * severity + 3) / 255)
            }
        }
        #expect(Set(try (1...5).map { try all.images(of: "fog", severity: $0).fingerprint }).count == 5)
        // The first images of each severity.
        let two = try files(2).images(of: "fog", severity: 4)
        #expect(two.count == 2 && two.image(1)[0] == 41.0 / 255)
        #expect(try files(50).count == 6)
        let size = ImageSize(height: 4, width: 6)
        let small = try DatasetRegistry.open(DataSelection("digits", size: size)).test
        #expect(
            try CorruptionFiles(folder.path, of: small, resizedTo: size).images(of: "fog", severity: 1).shape
                == ImageShape(height: 4, width: 6, channels: 1))
    }

    /// The images that can be had, and what is said of the others.
    @Test func asManyImagesAreTakenOfAll() throws {
        try writeImages("fog")
        // Six in the files, four or 359 without corruption. Labels of images that are not taken are not looked at.
        try write("labels", "|u1", [6], labels(4) + [9, 9])
        let few = Subset(digits, indices: [0, 1, 2, 3], name: "four")
        let taken = try CorruptionFiles(folder.path, of: few)
        #expect(taken.count == 4 && taken.available == 4)
        #expect(
            taken.notices == ["\(folder.path) has 6 images a severity and four 4: of both the first 4 are taken"])
        let last = try taken.images(of: "fog", severity: 5)
        #expect(last.count == 4 && last.image(3)[0] == 53.0 / 255)
        try write("labels", "|u1", [6], labels(6))
        #expect(try files().notices.first?.hasSuffix("359: of both the first 6 are taken") == true)
        #expect(try files().available == 6)
        // A number that was asked for is no surprise.
        for samples in [2, 50] { #expect(try files(samples).notices.isEmpty) }
        #expect(try CorruptionFiles(folder.path, of: Subset(digits, indices: Array(0..<6))).notices.isEmpty)
    }

    @Test func classesAreTakenOfTheImagesOfAll() throws {
        try writeImages("fog")
        let six = labels(6)
        try write("labels", "|u1", [30], (0..<5).flatMap { _ in six })
        func some(_ classes: [String]) throws -> any Dataset {
            try DatasetRegistry.open(DataSelection("digits", classes: classes)).test
        }
        // The first six digits are 4, 9, 4, 9, 4, 9.
        #expect(six == [4, 9, 4, 9, 4, 9])
        let nines = try CorruptionFiles(folder.path, of: some(["6", "9"]))
        #expect(nines.count == 3 && nines.available == 3 && nines.notices.count == 1)
        let images = try nines.images(of: "fog", severity: 3)
        #expect(images.count == 3 && images.classNames == ["6", "9"])
        for image in 0..<3 {
            #expect(images.label(image) == 1 && images.image(image)[0] == Scalar(30 + 2 * image + 1) / 255)
        }
        let one = try CorruptionFiles(folder.path, of: some(["6", "9"]), samples: 1).images(of: "fog", severity: 2)
        #expect(one.count == 1 && one.image(0)[0] == 21.0 / 255)
        #expect(
            failure { _ = try CorruptionFiles(folder.path, of: some(["0", "1"])) }?.description
                .contains("no images of the classes of digits test") == true)
    }

    @Test func nothingThatLooksLikeACorruptionIsLeftOut() throws {
        try writeImages("fog")
        try write("labels", "|u1", [6], labels(6))
        for name in ["notes.txt", "._fog.npy", ".npy"] { try AtomicFile.write([1], to: folder.file(name)) }
        #expect(try files().corruptions == ["fog"])
        func refusal(_ name: String, _ make: (String) throws -> Void) throws -> String? {
            let path = folder.file(name)
            try make(path)
            defer { remove(path) }
            let thrown = failure { _ = try files() }
            #expect(thrown?.kind == .badInput && thrown?.description.hasPrefix("\(path): ") == true, "\(name)")
            return thrown?.description
        }
        let makers: [(String) -> Int32] = [{ symlink("nowhere", $0) }, { mkdir($0, 0o700) }, { mkfifo($0, 0o600) }]
        for make in makers {
            let text = try refusal("snow.npy") { path in #expect(make(path) == 0) }
            #expect(text?.contains("cannot be read, expected a file") == true)
        }
        #expect(try refusal("snow.NPY") { try AtomicFile.write([1], to: $0) }?.contains("ends in .npy") == true)
        // A link to a file is one.
        try writeImages("elsewhere")
        #expect(symlink("elsewhere.npy", folder.file("snow.npy")) == 0)
        #expect(try files().corruptions == ["snow", "fog", "elsewhere"])
    }

    /// Files' headers are compared before anything is done.
    @Test func allImagesAreOfOneShape() throws {
        let bytes = [UInt8](repeating: 7, count: 30 * 64)
        try writeImages("fog")
        try write("labels", "|u1", [6], labels(6))
        try write("zebra", "|u1", [30, 4, 16, 1], bytes)
        func refusal() -> String { failure { _ = try files() }?.description ?? "taken" }
        #expect(refusal().contains("zebra.npy: 4x16x1 images, expected 8x8x1 as in fog.npy"))
        try write("fog", "|u1", [30, 4, 16, 1], bytes)
        #expect(refusal().contains("4x16x1 images, expected 8x8x1 images as in digits test"))
        #expect(try files(size: ImageSize(height: 8, width: 8)).corruptions == ["fog", "zebra"])
        for name in ["fog", "zebra"] { try write(name, "|u1", [30, 4, 4, 4], bytes) }
        #expect(
            failure { _ = try files(size: ImageSize(height: 8, width: 8)) }?.description
                .contains("4x4x4 images, expected 8x8x1 images as in digits test, or of another size") == true)
    }

    /// Ten images of one severity alone, with labels for each.
    @Test func oneSeverityIsToldTheLayout() throws {
        try write("fog", "|u1", [10, 8, 8, 1], [UInt8](repeating: 7, count: 640))
        try write("labels", "|u1", [10], labels(10))
        let text = failure { _ = try files() }?.description ?? "taken"
        #expect(text.contains("as at severity 1, for fog.npy is taken to hold 2 images at each of 5 severities"))
        #expect(text.contains("[5 N, height, width, channels]"), "\(text)")
    }

    @Test func labelsMayBeRepeated() throws {
        try writeImages("fog")
        let six = labels(6)
        try write("labels", "|u1", [30], (0..<5).flatMap { _ in six })
        #expect(try files().count == 6)
        var others = (0..<5).flatMap { _ in six }
        others[13] = (others[13] + 1) % 10
        try write("labels", "|u1", [30], others)
        #expect(
            failure { _ = try files() }?.description.contains("labels.npy: label \(others[13]) of image 13") == true)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        func refusal(_ change: () throws -> Void) throws -> String {
            for name in ["fog", "zebra"] { try writeImages(name) }
            try write("labels", "|u1", [6], labels(6))
            try change()
            let failure = failure { _ = try files() }
            #expect(failure == nil || failure?.kind == .badInput)
            return failure?.description ?? "taken"
        }
        #expect(try refusal {} == "taken")
        let zeros = [UInt8](repeating: 0, count: 30 * 64 * 8)
        for (shape, type) in [
            ([30, 8, 8, 1], "<f4"), ([1920], "|u1"), ([31, 8, 8, 1], "|u1"), ([0, 8, 8, 1], "|u1"),
            ([30, 8, 8, 0], "|u1"), ([30, 8, 0, 1], "|u1"), ([5, 5000, 1, 1], "|u1"), ([30, 64], "|u1"),
        ] {
            let bytes = Array(zeros.prefix(shape.reduce(type == "|u1" ? 1 : 4, *)))
            let padded = bytes + [UInt8](repeating: 0, count: shape.reduce(type == "|u1" ? 1 : 4, *) - bytes.count)
            let text = try refusal { try write("fog", type, shape, padded) }
            #expect(text.contains("fog.npy") && text.contains("expected bytes (U8) of the shape"), "\(text)")
        }
        #expect(try refusal { try write("fog", "|u1", [30, 8, 8, 1], []) }.contains("0 bytes of elements"))
        #expect(
            try refusal {
                for name in ["fog", "zebra"] { try write(name, "|u1", [25, 8, 8, 1], Array(zeros.prefix(1600))) }
            }.contains("6 labels"))
        #expect(
            try refusal { try write("zebra", "|u1", [25, 8, 8, 1], Array(zeros.prefix(1600))) }
                .contains("zebra.npy: 25 images, expected 30"))
        #expect(try refusal { try write("labels", "|u1", [5], labels(5)) }.contains("expected 30 or 6"))
        #expect(
            try refusal { try write("labels", "|u1", [6], [200] + labels(5)) }.contains("label 200, expected 0 to 9"))
        #expect(
            try refusal { try write("labels", "|i1", [6], [255] + labels(5)) }.contains("label -1, expected 0 to 9"))
        #expect(try refusal { try write("labels", "|u1", [6], Array(labels(7).suffix(6))) }.contains("of image 0"))
        #expect(try refusal { try write("labels", "<f4", [6], Array(zeros.prefix(24))) }.contains("expected integers"))
        let elsewhere = failure { _ = try CorruptionFiles(folder.file("nowhere"), of: digits) }
        #expect(elsewhere?.kind == .badInput && elsewhere?.description.contains("no such folder") == true)
    }
}
