import Data
import Failures
import Formats
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
        #expect(
            try files(size: ImageSize(height: 4, width: 6)).images(of: "fog", severity: 1).shape
                == ImageShape(height: 4, width: 6, channels: 1))
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
        #expect(try refusal { try write("fog", "|u1", [25, 8, 8, 1], Array(zeros.prefix(1600))) }.contains("6 labels"))
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
