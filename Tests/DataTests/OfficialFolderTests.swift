import Data
import Formats
import Glibc
import Kernels
import TestSupport
import Testing

/// Official files where archives and torchvision put them, and in their Python versions.
@Suite struct OfficialFolderTests {
    let directory: TemporaryDirectory

    init() throws { directory = TemporaryDirectory() }

    private func writeIDX(_ folder: String, dotted: Bool = false, ending: String = "", labels: [UInt8] = [3]) throws {
        let count = UInt8(labels.count), dot = dotted ? "." : "-"
        for part in ["train", "t10k"] {
            let images =
                [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]
                + [UInt8](repeating: 9, count: 784 * labels.count)
            let numbers = [0, 0, 8, 1, 0, 0, 0, count] + labels
            try directory.write(
                "\(folder)/\(part)-images\(dot)idx3-ubyte\(ending)", ending.isEmpty ? images : Gzip.deflate(images))
            try directory.write(
                "\(folder)/\(part)-labels\(dot)idx1-ubyte\(ending)", ending.isEmpty ? numbers : Gzip.deflate(numbers))
        }
    }

    @Test func foldersOneLevelBelowAndNamesWithDotsAreFound() throws {
        try writeIDX("a/MNIST/raw")
        try writeIDX("b/FashionMNIST/raw", ending: ".gz")
        try writeIDX("c", dotted: true)
        try writeIDX("d", dotted: true, ending: ".gz")
        for spec in [
            "mnist:D/a", "fashion-mnist:D/b", "mnist:D/c", "mnist:D/d", "mnist:D/a/MNIST", "mnist:D/a/MNIST/raw",
        ] {
            let splits = try DatasetRegistry.open(spec.replacing("D/", with: "\(directory.path)/"))
            #expect(splits.train.count == 1 && splits.test.label(0) == 3, "\(spec)")
        }
        expectRefusal("fashion-mnist:\(directory.path)/a", "train-images-idx3-ubyte: no such file")
    }

    @Test func aFolderThatHoldsAnotherDataSetIsCalledWhatItIs() throws {
        try writeIDX("fashion", labels: [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9])
        expectRefusal("mnist:\(directory.path)/fashion", "holds the files of Fashion-MNIST", "say fashion-mnist:DIR")
        #expect(try DatasetRegistry.open("fashion-mnist:\(directory.path)/fashion").train.count == 12)
        try writeIDX("digits", labels: [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5])
        expectRefusal("fashion-mnist:\(directory.path)/digits", "holds the files of MNIST,", "say mnist:DIR")
        expectRefusal("cifar10:\(directory.path)/digits", "holds the files of MNIST or Fashion-MNIST")
        expectRefusal("folder:\(directory.path)/digits", "holds the files of MNIST or Fashion-MNIST", "mnist:DIR")
        try directory.write("stl/train_X.bin", [1])
        expectRefusal("cifar100:\(directory.path)/stl", "holds the files of STL-10", "say stl10:DIR")
        try directory.write("archive/cifar-10-python.tar.gz", [1])
        expectRefusal("cifar10:\(directory.path)/archive", "holds the archive cifar-10-python.tar.gz")
        for name in ["a", "b"] { try directory.write("images/\(name)/1.png", [1]) }
        expectRefusal("mnist:\(directory.path)/images", "holds folders of images", "say folder:DIR")
    }

    // MARK: Pickles, as Python 2 has written the official ones

    private func text(_ text: String) -> [UInt8] { [UInt8(ascii: "U"), UInt8(text.utf8.count)] + text.utf8 }
    private func number(_ value: Int) -> [UInt8] {
        value < 256 ? [UInt8(ascii: "K"), UInt8(value)] : [UInt8(ascii: "M")] + littleEndian(UInt16(value))
    }

    private func pickle(
        labels: [UInt8], pixels: [UInt8], key: String = "labels",
        function: String = "numpy.core.multiarray\n_reconstruct"
    ) -> [UInt8] {
        var bytes: [UInt8] = [0x80, 2] + Array("}q\u{1}(".utf8) + text("batch_label") + text("batch 1") + text(key)
        bytes += Array("]q\u{2}(".utf8) + labels.flatMap { number(Int($0)) } + Array("e".utf8) + text("data")
        bytes += Array("c\(function)\nq\u{3}cnumpy\nndarray\nq\u{4}".utf8) + number(0) + [0x85] + text("b") + [0x87]
        bytes += Array("R(".utf8) + number(1) + number(labels.count) + number(3072) + [0x86]
        bytes += Array("cnumpy\ndtype\n".utf8) + text("u1") + number(0) + number(1) + [0x87] + Array("Rq\u{5}(".utf8)
        bytes += number(3) + text("|") + Array("NNN".utf8) + [0x4a, 255, 255, 255, 255, 0x4a, 255, 255, 255, 255]
        bytes += number(0) + Array("tb".utf8) + [0x89, UInt8(ascii: "T")] + littleEndian(UInt32(pixels.count)) + pixels
        return bytes + Array("tb".utf8) + text("filenames") + Array("](".utf8) + labels.flatMap { _ in text("a.png") }
            + Array("eu.".utf8)
    }

    private var pixels: [UInt8] { (0..<2 * 3072).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) } }

    @Test func picklesOfCIFARAreReadWithoutRunningThem() throws {
        for file in ["data_batch_1", "data_batch_3", "test_batch"] {
            try directory.write("cifar-10-batches-py/\(file)", pickle(labels: [7, 2], pixels: pixels))
        }
        for folder in ["", "/cifar-10-batches-py"] {
            let splits = try DatasetRegistry.open("cifar10:\(directory.path)\(folder)")
            #expect(splits.train.count == 4 && splits.test.count == 2)
            #expect((0..<4).map { splits.train.label($0) } == [7, 2, 7, 2])
            // Planes become channels.
            let second = splits.train.bytes(3), made = pixels
            for place in 0..<3072 {
                let (pixel, channel) = (place / 3, place % 3)
                #expect(second[place] == made[3072 + channel * 1024 + pixel])
            }
            #expect(splits.notices[0].contains("found 4 of 50,000"))
        }
        for file in ["train", "test"] {
            try directory.write("hundred/\(file)", pickle(labels: [99, 2], pixels: pixels, key: "fine_labels"))
        }
        let hundred = try DatasetRegistry.open("cifar100:\(directory.path)/hundred")
        #expect(hundred.train.label(0) == 99)
    }

    /// A run goes on, and hosts agree, with either version.
    @Test func bothVersionsOfCIFARAreTheSameData() throws {
        let records = 10_000, size = 3072
        var binary: [UInt8] = [], pixels: [UInt8] = []
        let labels = (0..<records).map { UInt8($0 * 7 % 10) }
        for (index, label) in labels.enumerated() {
            let image = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
            binary += [label] + image
            pixels += image
        }
        let batch = pickle(labels: labels, pixels: pixels)
        for file in ["data_batch_1", "test_batch"] {
            try directory.write("binary/\(file).bin", binary)
            try directory.write("python/\(file)", batch)
        }
        let versions = try ["binary", "python"].map {
            try DatasetRegistry.open("cifar10:\(directory.path)/\($0)")
        }
        #expect(versions[0].train.fingerprint == versions[1].train.fingerprint)
        #expect(versions[0].test.fingerprint == versions[1].test.fingerprint)
        #expect(versions[0].train.image(9_999) == versions[1].train.image(9_999))
        // A pixel counts, and so does a label.
        for place in [batch.count - 200_000, 101] {
            var changed = batch
            changed[place] ^= 1
            try directory.write("python/test_batch", changed)
            let test = try DatasetRegistry.open("cifar10:\(directory.path)/python").test
            #expect(test.fingerprint != versions[0].test.fingerprint)
        }
    }

    @Test func batchesThatPython3HasWrittenAreRead() throws {
        // pickle.dumps({"labels": [7, 2], "data": numpy.array(...)}, 5)
        let head = """
            80059593180000000000007d94288c066c6162656c73945d94284b074b02658c0464617461948c136e756d70792e5f636f72652e6e756d65\
            726963948c0b5f66726f6d62756666657294939428960018000000000000
            """
        let tail = """
            948c056e756d7079948c0564747970659493948c02753194898887945294284b038c017c944e4e4e4affffffff4affffffff4b0074946\
            24b024d000c86948c01439474945294752e
            """
        func bytes(_ text: String) -> [UInt8] {
            let digits = text.compactMap(\.hexDigitValue)
            return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
        }
        for file in ["data_batch_1", "test_batch"] {
            try directory.write("five/\(file)", bytes(head) + pixels + bytes(tail))
            try directory.write("two/\(file)", pickle(labels: [7, 2], pixels: pixels))
        }
        let splits = try ["five", "two"].map { try DatasetRegistry.open("cifar10:\(directory.path)/\($0)") }
        #expect(splits[0].train.fingerprint == splits[1].train.fingerprint)
        #expect(splits[0].train.image(1) == splits[1].train.image(1) && splits[0].train.label(0) == 7)
        try directory.write("five/test_batch", bytes(head) + pixels + bytes(tail).map { $0 == 0x43 ? 0x46 : $0 })
        expectRefusal("cifar10:\(directory.path)/five", "an array that is not of bytes in C order")
    }

    @Test func otherPicklesAreRefused() throws {
        func refuse(_ bytes: [UInt8], _ words: String) throws {
            try directory.write("p/data_batch_1", bytes)
            expectRefusal("cifar10:\(directory.path)/p", "p/data_batch_1: ", words)
        }
        let whole = pickle(labels: [7, 2], pixels: pixels)
        try refuse(pickle(labels: [7, 2], pixels: pixels, function: "os\nsystem"), "a pickle that calls \"os.system\"")
        try refuse(pickle(labels: [7, 10], pixels: pixels), "record 1 has label 10, expected 0 to 9")
        try refuse(pickle(labels: [7], pixels: pixels), "whose shape does not fit its bytes")
        try refuse(pickle(labels: [7, 2], pixels: pixels, key: "names"), "a pickle without data and labels")
        try refuse([1, 2, 3], "not a pickle")
        try refuse([0x80, 2] + [UInt8](repeating: UInt8(ascii: "("), count: 100_000), "truncated")
        // Tuples in tuples, lists in lists, and a list that holds itself.
        try refuse([0x80, 2, UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: 100_000), "containers in containers")
        try refuse([0x80, 2] + Array("]]a.".utf8), "lists of containers")
        try refuse([0x80, 2] + Array("]q\u{1}h\u{1}a.".utf8), "lists of containers")
        for length in stride(from: 2, to: 300, by: 1) { try refuse(Array(whole.prefix(length)), "") }
        for length in stride(from: 300, to: whole.count, by: 401) { try refuse(Array(whole.prefix(length)), "") }
    }
}
