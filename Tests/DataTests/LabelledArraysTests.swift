import Data
import Formats
import Glibc
import Kernels
import TestSupport
import Testing

/// The same 12 images of 2x3 pixels and three classes in every container.
@Suite struct LabelledArraysTests {
    let directory: TemporaryDirectory
    let pixels: [UInt8] = (0..<72).map { UInt8(truncatingIfNeeded: 37 * $0 + $0 / 9) }
    let labels: [UInt8] = [0, 0, 0, 1, 1, 1, 2, 2, 2]

    init() throws { directory = TemporaryDirectory() }

    /// Nine images to train on and three to test.
    private var arrays: [(name: String, contents: [UInt8])] {
        [
            ("x_train.npy", npy("'|u1'", [9, 2, 3], Array(pixels[..<54]))), ("y_train.npy", npy("'|u1'", [9], labels)),
            ("x_test.npy", npy("'|u1'", [3, 2, 3], Array(pixels[54...]))),
            ("y_test.npy", npy("'<i8'", [3, 1], [0, 1, 2].flatMap { littleEndian(Int64($0)) })),
        ]
    }

    private func open(_ members: [(name: String, contents: [UInt8])], _ selection: ChannelOrder? = nil) throws
        -> DatasetSplits
    {
        try directory.write("d.npz", zip(members))
        return try DatasetRegistry.open(DataSelection("npz:\(directory.path)/d.npz", channels: selection))
    }

    private func refuse(_ file: [UInt8], _ words: String...) throws {
        try directory.write("d.npz", file)
        for word in words { expectRefusal("npz:\(directory.path)/d.npz", word) }
    }

    /// With another member in place of one.
    private func refuse(_ name: String, _ contents: [UInt8], _ words: String) throws {
        try refuse(zip(arrays.map { $0.name == name ? (name, contents) : $0 }), words)
    }

    @Test func theContainerMakesNoDifference() throws {
        for (name, contents) in arrays { try directory.write("folder/\(name)", contents) }
        try directory.write("stored.npz", zip(arrays))
        try directory.write("deflated.npz", zip(arrays, deflated: true))
        try directory.write("zip64.npz", zip(arrays, zip64: true))
        try SafetensorsWriter.write(
            to: "\(directory.path)/d.safetensors", metadata: [:],
            tensors: [
                .init(name: "x_train", shape: [9, 2, 3], values: Array(pixels[..<54])),
                .init(name: "y_train", shape: [9], values: labels),
                .init(name: "x_test", shape: [3, 2, 3], values: Array(pixels[54...])),
                .init(name: "y_test", shape: [3], values: [0, 1, 2] as [UInt8]),
            ])
        for i in 0..<12 {
            let label = i < 9 ? labels[i] : UInt8(i - 9)
            try directory.write(
                "images/\(i < 9 ? "train" : "test")/\(label)/\(i).png",
                RasterImage(width: 3, height: 2, channels: 1, pixels: Array(pixels[i * 6..<i * 6 + 6])).png())
        }
        for spec in [
            "npz:D/stored.npz", "npz:D/deflated.npz", "npz:D/zip64.npz", "npy:D/folder", "safetensors:D/d.safetensors",
            "folder:D/images",
        ] {
            let splits = try DatasetRegistry.open(spec.replacing("D/", with: "\(directory.path)/"))
            #expect(splits.train.shape == ImageShape(height: 2, width: 3, channels: 1), "\(spec)")
            #expect((0..<9).flatMap { splits.train.bytes($0) } == Array(pixels[..<54]), "\(spec)")
            #expect((0..<3).flatMap { splits.test.bytes($0) } == Array(pixels[54...]), "\(spec)")
            #expect((0..<9).map { UInt8(splits.train.label($0)) } == labels, "\(spec)")
            #expect((0..<3).map { splits.test.label($0) } == [0, 1, 2], "\(spec)")
            #expect(splits.train.classNames == ["0", "1", "2"], "\(spec)")
            let first = try open(arrays)
            #expect(splits.train.fingerprint == first.train.fingerprint, "\(spec)")
            #expect(splits.test.fingerprint == first.test.fingerprint, "\(spec)")
            #expect(splits.mean == first.mean && splits.deviation == first.deviation, "\(spec)")
        }
    }

    @Test func namesOfClassesComeFromTheMetadata() throws {
        let path = "\(directory.path)/d.safetensors"
        func write(_ classes: String) throws {
            try SafetensorsWriter.write(
                to: path, metadata: ["classes": classes],
                tensors: [
                    .init(name: "images", shape: [9, 2, 3], values: Array(pixels[..<54])),
                    .init(name: "labels", shape: [9], values: labels),
                ])
        }
        try write(#"["cat", "dog", "owl"]"#)
        let splits = try DatasetRegistry.open("safetensors:\(path)")
        #expect(splits.train.classNames == ["cat", "dog", "owl"])
        #expect(splits.train.count == 6 && splits.test.count == 3, "a tenth, but at least one of each class")
        #expect((0..<3).map { splits.test.label($0) } == [0, 1, 2])
        #expect(splits.notices[0].contains("is held out to test, 3 images"))
        try write(#"["cat", "dog"]"#)
        expectRefusal("safetensors:\(path)", "label 2 among the train labels")
        try write(#"["cat", "dog", "owl", "yak"]"#)
        expectRefusal("safetensors:\(path)", "no train image of class 3")
        try write(#"["cat", 2, "owl"]"#)
        expectRefusal("safetensors:\(path)", "expected a JSON list of the classes' names")
    }

    @Test func theAxisOfTheChannelsIsFoundOrAskedFor() throws {
        func images(_ shape: [Int], _ bytes: [UInt8]) -> [(name: String, contents: [UInt8])] {
            [("x.npy", npy("'|u1'", shape, bytes)), ("y.npy", npy("'|b1'", [4], [0, 1, 0, 1]))]
        }
        // Element (n, y, x, c) is 18 n + 9 y + 3 x + c and some more.
        let last = Array(pixels),
            first = (0..<72).map { i in
                let (n, c, pixel) = (i / 18, i / 6 % 3, i % 6)
                return pixels[n * 18 + pixel * 3 + c]
            }
        let a = try open(images([4, 2, 3, 3], last), .last), b = try open(images([4, 3, 2, 3], first), .first)
        #expect(a.train.shape == ImageShape(height: 2, width: 3, channels: 3) && b.train.shape == a.train.shape)
        for i in 0..<2 { #expect(a.train.bytes(i) == b.train.bytes(i)) }
        #expect(try open(images([4, 2, 9, 1], last)).train.shape == ImageShape(height: 2, width: 9, channels: 1))
        #expect(
            try open(images([4, 3, 6, 1], last), .first).train.shape == ImageShape(height: 6, width: 1, channels: 3))
        #expect(try open(images([4, 1, 9, 2], last)).train.shape == ImageShape(height: 9, width: 2, channels: 1))
        #expect(try open(images([4, 6, 3], last)).train.shape == ImageShape(height: 6, width: 3, channels: 1))
        try refuse(zip(images([4, 3, 6, 1], last)), "[4, 3, 6, 1]", "data.channels: first or last")
    }

    @Test func floatingPointIsReadBetweenZeroAndOne() throws {
        let values = pixels[..<54].map { Float($0) / 255 }
        func members(_ type: String, _ bytes: [UInt8]) -> [(name: String, contents: [UInt8])] {
            [("images.npy", npy(type, [9, 2, 3], bytes)), ("labels.npy", npy("'|u1'", [9], labels))]
        }
        let expected = try open(members("'|u1'", Array(pixels[..<54])))
        for (type, bytes) in [
            ("'<f4'", values.flatMap { littleEndian($0.bitPattern) }),
            ("'<f8'", values.flatMap { littleEndian(Double($0).bitPattern) }),
        ] {
            let splits = try open(members(type, bytes))
            for i in 0..<6 { #expect(splits.train.bytes(i) == expected.train.bytes(i)) }
            #expect(splits.range == pixelRange)
            #expect(splits.train.fingerprint != expected.train.fingerprint)
            #expect(splits.mean == expected.mean)
        }
        for (odd, words) in [
            (Float(17), "divided by 255"), (-0.1, "model.normalize"), (.nan, "value nan"), (1e9, "[0, 1]"),
        ] {
            let bytes = (values.dropLast() + [odd]).flatMap { littleEndian($0.bitPattern) }
            try refuse(zip(members("'<f4'", bytes)), "image 8 has the value", words)
        }
    }

    @Test func whatIsNotReadIsCalledByItsName() throws {
        let x = Array(pixels[..<54])
        try refuse("x_train.npy", npy("'|O'", [9, 2, 3], x), "Python objects")
        try refuse("x_train.npy", npy("'>f4'", [9, 2, 3], x + x + x + x), "big-endian")
        try refuse("x_train.npy", npy("[('a', '|u1')]", [9, 2, 3], x), "an array of records")
        try refuse("x_train.npy", npy("'<U1'", [9, 2, 3], x), "elements of type \"<U1\"")
        try refuse("x_train.npy", npy("'|u1'", [9, 2, 3], x, fortran: true), "Fortran")
        try refuse("x_train.npy", npy("'|i1'", [9, 2, 3], x), "images of type I8, expected bytes")
        try refuse("x_train.npy", npy("'|u1'", [54], x), "images of the shape [54]")
        try refuse("x_train.npy", npy("'|u1'", [9, 2, 4], x), "54 bytes of elements, expected 72")
        try refuse("x_train.npy", npy("'|u1'", [9, 4_611_686_018_427_387_904, 2], x), "claims the shape")
        try refuse("x_train.npy", Array("text".utf8), "is a plain text, expected a NumPy array")
        try refuse(
            "y_train.npy", npy("'|u1'", [8], Array(labels.dropLast())), "8 labels, expected 9, as many as images")
        try refuse("y_train.npy", npy("'|u1'", [9, 3], labels + labels + labels), "argmax of one-hot")
        try refuse("y_train.npy", npy("'<f4'", [9], [UInt8](repeating: 0, count: 36)), "labels of type F32")
        try refuse("y_train.npy", npy("'|i1'", [9], [255] + labels.dropFirst()), "label -1 of image 0")
        try refuse("y_train.npy", npy("'|u1'", [9], [0, 0, 0, 0, 0, 0, 2, 2, 2]), "no train image of class 1")
        try refuse("y_test.npy", npy("'|u1'", [3], [0, 1, 1]), "no test image of class 2")
        try refuse("x_test.npy", npy("'|u1'", [3, 3, 2], Array(pixels[54...])), "U8 images of 3x2x1, expected")
        try refuse("x_train.npy", npy("'|u1'", [0, 2, 3], []), "no images")
        try refuse(zip([("a.npy", [1])]), "arrays called \"a\", expected x_train, y_train")
        try refuse(zip([("a\nb.npy", [1])]), "arrays called \"a\\nb\"")
        try refuse(zip([]), "no arrays")
        try refuse(Array("<!DOCTYPE html>".utf8), "is a web page, expected an .npz archive")
        try refuse(zip(Array(arrays.dropLast())), "no array \"y_test\"")
        try refuse(zip(arrays, flags: 1), "encrypted")
        try refuse(zip(arrays + arrays), "two members are called")
        try refuse([1, 2, 3], "not a ZIP archive: 3 bytes")
        expectRefusal("npz:", "the file is missing", "npz:FILE")
        expectRefusal("npz:\(directory.path)", "is a directory")
        expectRefusal("npy:\(directory.path)", "no arrays")
        expectRefusal("safetensors:\(directory.path)/none", "no such file")
    }

    @Test func damagedArchivesAreRefused() throws {
        for deflated in [false, true] {
            let whole = zip(arrays, deflated: deflated)
            for length in stride(from: 0, to: whole.count, by: 13) {
                try refuse(Array(whole.prefix(length)), "d.npz: ")
            }
            var damaged = whole
            // Inside of the first member's elements.
            damaged[30 + 11 + (deflated ? 60 : 140)] ^= 4
            try refuse(damaged, "x_train")
        }
    }

    @Test func arraysAreResizedBeforeTheirMeanIsTaken() throws {
        let size = ImageSize(height: 1, width: 1)
        try directory.write("d.npz", zip(arrays))
        try directory.write("e.npz", zip([("x.npy", arrays[0].contents), ("y.npy", arrays[1].contents)]))
        for name in ["d", "e"] {
            let spec = "npz:\(directory.path)/\(name).npz"
            let splits = try DatasetRegistry.open(DataSelection(spec, size: size)), train = splits.train
            #expect(train.shape == ImageShape(height: 1, width: 1, channels: 1))
            let values = (0..<train.count).map { Double(train.image($0)[0]) }, count = Double(train.count)
            let mean = values.reduce(0, +) / count
            let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
            #expect(abs(splits.mean[0] - mean) < 6e-5 && abs(splits.deviation[0] - deviation) < 6e-5)
        }
        let floats = npy("'<f4'", [9, 2, 3], [UInt8](repeating: 0, count: 216))
        try directory.write("f.npz", zip([("x.npy", floats), ("y.npy", arrays[1].contents)]))
        let error = #expect(throws: (any Error).self) {
            try DatasetRegistry.open(DataSelection("npz:\(directory.path)/f.npz", size: size))
        }
        #expect("\(String(describing: error))".contains("does not hold images of bytes"))
    }

    @Test func medicalFilesAreRead() throws {
        let renamed = arrays.map { name, contents in
            let parts = name.split(whereSeparator: { $0 == "_" || $0 == "." })
            return ("\(parts[1])_\(parts[0] == "x" ? "images" : "labels").npy", contents)
        }
        let splits = try open(renamed + [("val_images.npy", [1])])
        #expect(splits.train.fingerprint == (try open(arrays)).train.fingerprint)
        #expect(splits.notices.count == 1 && splits.notices[0].contains("not read: \"val_images\""))
        let validated = try open(renamed.map { ($0.0.replacing("test", with: "val"), $0.1) })
        #expect(validated.test.fingerprint == splits.test.fingerprint)
    }
}
