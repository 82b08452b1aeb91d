import Data
import Formats

/// One image of a folder of four. Every other PNG has the checksums of its parts put right, or hardly any would come
/// further than to them.
var picture: FuzzedReader {
    let grey = RasterImage(width: 5, height: 4, channels: 1, pixels: (0..<20).map { UInt8($0 * 12) }).png()
    let colour = RasterImage(width: 4, height: 3, channels: 3, pixels: (0..<36).map { UInt8($0 * 7) }).png()
    return FuzzedReader(
        name: "picture", share: 20,
        seeds: [grey, colour, OwnDataSeeds.greyJPEG, OwnDataSeeds.progressiveJPEG],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        for name in ["train/b", "test/a", "test/b"] { try folder.write(grey, to: "pictures/\(name)/1.png") }
        try folder.write(
            input.count % 2 == 0 ? withChecksums(input) : input, to: "pictures/train/a/1.png")
        let size = ImageSize(height: 3, width: 7)
        try readAll(DataSelection("folder:\(folder.path)/pictures", size: size))
    }
}

var npz: FuzzedReader {
    FuzzedReader(
        name: "npz", share: 20, seeds: [OwnDataSeeds.storedArchive, OwnDataSeeds.deflatedArchive],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        try readAll(DataSelection("npz:\(try folder.write(input, to: "a.npz"))"))
    }
}

private func array(_ type: String, _ shape: String, _ elements: [UInt8]) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + elements
}

/// Images and labels in turn.
var npy: FuzzedReader {
    let images = array("|u1", "4, 2, 3", (0..<24).map { UInt8($0) }), labels = array("|u1", "4,", [0, 1, 0, 1])
    return FuzzedReader(
        name: "npy", share: 20,
        seeds: [images, labels, array("<f4", "4, 2, 3", [UInt8](repeating: 0, count: 96))],
        mutation: Mutation(
            structure: .text, words: ["descr", "fortran_order", "True", "'<f8'", "'|O'", "'>i4'", "(", ")"])
    ) { input, folder in
        try folder.write(images, to: "npy/x.npy")
        try folder.write(labels, to: "npy/y.npy")
        try folder.write(input, to: "npy/\(input.count < 90 ? "y" : "x").npy")
        try readAll(DataSelection("npy:\(folder.path)/npy"))
    }
}

/// The layout of CIFAR-10-C, two images at each severity; images and labels in turn.
var corruptionFiles: FuzzedReader {
    let images = array("|u1", "10, 1, 2", (0..<20).map { UInt8($0) })
    let clean = Digits.splits().test
    let labels = array("|u1", "2,", [UInt8(clean.label(0)), UInt8(clean.label(1))])
    return FuzzedReader(
        name: "corruption-files", share: 20, seeds: [images, labels, array("|u1", "5, 1, 2, 1", Array(0..<10))],
        mutation: Mutation(
            structure: .text, words: ["descr", "fortran_order", "True", "'|b1'", "'<i8'", "5, ", "(", ")"])
    ) { input, folder in
        try folder.write(images, to: "corrupted/fog.npy")
        try folder.write(labels, to: "corrupted/labels.npy")
        try folder.write(input, to: "corrupted/\(input.count % 2 == 0 ? "labels" : "fog").npy")
        let files = try CorruptionFiles(
            "\(folder.path)/corrupted", of: clean, resizedTo: ImageSize(height: 8, width: 8))
        for severity in CorruptionBenchmark.severities {
            let dataset = try files.images(of: files.corruptions[0], severity: severity)
            for index in 0..<dataset.count { readImage(dataset, index) }
        }
    }
}

func safetensorsData() throws -> FuzzedReader {
    let file = try Scratch.bytes { path in
        try SafetensorsWriter.write(
            to: path, metadata: ["classes": #"["cat", "dog"]"#],
            tensors: [
                TensorToWrite(name: "images", shape: [4, 2, 3], values: (0..<24).map { UInt8($0) }),
                TensorToWrite(name: "labels", shape: [4], values: [0, 1, 0, 1] as [Int64]),
            ])
    }
    return FuzzedReader(
        name: "safetensors-data", share: 20, seeds: [file],
        mutation: Mutation(structure: .safetensors, words: ["classes", "x_train", "F32", "F64", "BOOL", "I32"])
    ) { input, folder in
        try readAll(DataSelection("safetensors:\(try folder.write(input, to: "a.safetensors"))"))
    }
}

/// A batch of CIFAR's Python version, as Python 2 and Python 3 write them.
var pythonCIFAR: FuzzedReader {
    let pixels = [UInt8](repeating: 0, count: 3072)
    let batches = [
        OwnDataSeeds.pickleOfPython2Head + pixels + OwnDataSeeds.pickleOfPython2Tail,
        OwnDataSeeds.pickleOfPython3Head + pixels + OwnDataSeeds.pickleOfPython3Tail,
        OwnDataSeeds.pickleOfProtocol5Head + pixels + OwnDataSeeds.pickleOfProtocol5Tail,
    ]
    // Without most of the pixels, so that changes fall on what matters.
    let short = [
        OwnDataSeeds.pickleOfPython2Head + OwnDataSeeds.pickleOfPython2Tail,
        OwnDataSeeds.pickleOfPython3Head + OwnDataSeeds.pickleOfPython3Tail,
    ]
    return FuzzedReader(
        name: "python-cifar", share: 20, seeds: batches + short, mutation: Mutation(structure: .bytes)
    ) { input, folder in
        try folder.write(batches[0], to: "python/test_batch")
        try folder.write(input, to: "python/data_batch_1")
        try readAll(DataSelection("cifar10:\(folder.path)/python"))
    }
}

private func readAll(_ selection: DataSelection) throws {
    let splits = try DatasetRegistry.open(selection)
    for part in [splits.train, splits.test] {
        for index in 0..<part.count { readImage(part, index) }
    }
}

/// A PNG file whose parts have the checksums that belong to them, as far as they reach.
private func withChecksums(_ file: [UInt8]) -> [UInt8] {
    var file = file, part = 8
    while part + 12 <= file.count {
        let length = file[part..<part + 4].reduce(0) { $0 << 8 | Int($1) }
        guard part + 12 + length <= file.count else { break }
        let end = part + 8 + length
        var sum = UInt32.max
        for byte in file[part + 4..<end] {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
        }
        for i in 0..<4 { file[end + i] = UInt8(truncatingIfNeeded: ~sum >> (24 - 8 * UInt32(i))) }
        part = end + 4
    }
    return file
}
