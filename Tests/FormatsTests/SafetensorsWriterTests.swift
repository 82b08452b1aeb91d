import Failures
import Formats
import Glibc
import Randomness
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    private func write(to path: String, checksum: Bool) throws {
        try SafetensorsWriter.write(
            to: path, metadata: ["format": "pt", "epoch": "3", "é\"": "\n"],
            tensors: [
                TensorToWrite(name: "conv.weight", shape: [2, 3], values: [1, 2, 3, 4, 5, .infinity] as [Float]),
                TensorToWrite(name: "empty", shape: [0, 7], values: [] as [Float]),
                TensorToWrite(name: "scalar", shape: [], values: [-3] as [Int64]),
                TensorToWrite(name: "flags", shape: [3], values: [0, 1, 255] as [UInt8]),
                TensorToWrite(name: "exact", shape: [1], values: [0.1] as [Double]),
            ], checksum: checksum)
    }

    @Test(arguments: [false, true])
    func roundTrip(checksum: Bool) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try write(to: path, checksum: checksum)
        let file = try SafetensorsFile(path: path)
        #expect(file.entries.map(\.name) == ["conv.weight", "empty", "scalar", "flags", "exact"])
        #expect(file.entries.map(\.shape) == [[2, 3], [0, 7], [], [3], [1]])
        #expect(try file.values(of: "conv.weight") == [1, 2, 3, 4, 5, .infinity] as [Float])
        #expect(try file.values(of: "empty") == [] as [Float])
        #expect(try file.values(of: "scalar", shape: []) == [-3] as [Int64])
        #expect(try file.values(of: "flags") == [0, 1, 255] as [Int64])
        #expect(try file.values(of: "exact") == [0.1] as [Double])
        #expect(file.metadata["format"] == "pt" && file.metadata["epoch"] == "3" && file.metadata["é\""] == "\n")
        #expect(file.metadata.count == (checksum ? 4 : 3))
        #expect(try file.verifyChecksum() == checksum)
    }

    @Test func bytes() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try SafetensorsWriter.write(to: path, tensors: [])
        #expect(try readPlainly(path) == littleEndian(UInt64(8)) + Array("{}      ".utf8))
        try SafetensorsWriter.write(
            to: path, metadata: ["b": "1", "a": "2"],
            tensors: [TensorToWrite(name: "t", shape: [2], values: [7, 8] as [UInt8])])
        let header = #"{"__metadata__":{"a":"2","b":"1"},"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#
        let padding = [UInt8](repeating: 0x20, count: (8 - header.utf8.count % 8) % 8)
        #expect(
            try readPlainly(path)
                == littleEndian(UInt64(header.utf8.count + padding.count)) + Array(header.utf8) + padding + [7, 8])
    }

    /// The digest as `hashlib` gives it for the documented sequence.
    @Test func checksumIsTheDocumentedOne() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try SafetensorsWriter.write(
            to: path, metadata: ["b": "1", "a": "2"],
            tensors: [TensorToWrite(name: "t", shape: [2], values: [7, 8] as [UInt8])], checksum: true)
        let integer = { (value: Int) in littleEndian(UInt64(value)) }
        let string = { (text: String) in integer(text.utf8.count) + Array(text.utf8) }
        let input =
            integer(2) + string("a") + string("2") + string("b") + string("1") + string("t") + string("U8")
            + integer(1) + integer(2) + integer(2) + [7, 8]
        #expect(try SafetensorsFile(path: path).metadata["checksum"] == "sha256:\(SHA256.hexDigest(of: input))")
    }

    @Test func everyFlippedByteAndEveryTruncationIsNoticed() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try write(to: path, checksum: true)
        let good = try readPlainly(path)
        for i in good.indices {
            for mask: UInt8 in [0x01, 0x20, 0x80] {
                var damaged = good
                damaged[i] ^= mask
                try writePlainly(damaged, to: path)
                var isIntact = false
                let thrown = failure { isIntact = try SafetensorsFile(path: path).verifyChecksum() }
                #expect(!isIntact && (thrown == nil || thrown?.kind == .badInput), "byte \(i) mask \(mask)")
            }
            try writePlainly(Array(good[..<i]), to: path)
            #expect(failure { _ = try SafetensorsFile(path: path) }?.kind == .badInput, "length \(i)")
        }
    }

    @Test func randomDamageNeverTraps() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        try write(to: path, checksum: false)
        let good = try readPlainly(path)
        let dataCount = 24 + 8 + 3 + 8
        // Characters of the format's own grammar reach deeper than random bytes.
        let telling = Array("0123456789{}[],:\"-\\eFUI".utf8)
        var random = RandomStream(seed: 5, purpose: .test)
        var loaded = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...random.below(4) {
                let place = random.below(bytes.count - (random.below(8) == 0 ? 0 : dataCount))
                bytes[place] = random.below(2) == 0 ? UInt8(random.below(256)) : telling[random.below(telling.count)]
            }
            if random.below(8) == 0 { bytes.removeLast(random.below(bytes.count)) }
            try writePlainly(bytes, to: path)
            let thrown = failure {
                let file = try SafetensorsFile(path: path)
                loaded += 1
                var end = 0
                for entry in file.entries {
                    #expect(entry.range.lowerBound == end)
                    #expect(entry.elementType.byteCount(shape: entry.shape) == entry.range.count)
                    file.withBytes(of: entry) { #expect($0.count == entry.range.count) }
                    end = entry.range.upperBound
                }
                _ = try file.verifyChecksum()
                _ = try file.values(of: "conv.weight") as [Double]
            }
            #expect(thrown == nil || thrown?.kind == .badInput)
        }
        #expect(loaded > 100 && loaded < 19_000)
    }

    @Test func headerBeyondTheFormatsLimit() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("f")
        let large = String(decoding: [UInt8](repeating: 0x78, count: 100_000_001), as: UTF8.self)
        #expect(
            failure { try SafetensorsWriter.write(to: path, metadata: ["a": large], tensors: []) }?.kind == .badInput)
        #expect(try directoryEntries(directory.path).isEmpty)
    }
}
