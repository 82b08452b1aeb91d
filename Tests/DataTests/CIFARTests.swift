import Data
import Glibc
import Kernels
import TestSupport
import Testing

@Suite struct CIFARTests {
    private let batchBytes = 30_730_000
    private let record = 3073

    /// Image 0 begins with red 102. Image 2 is of class 7; element (1, 2) is red 255, green 51, blue 0.
    private var pattern: [Int: UInt8] {
        [1: 102, 2 * record: 7, 2 * record + 1 + 34: 255, 2 * record + 1 + 1024 + 34: 51]
    }

    @Test func recordsAreReadFromTheBatchesThatAreThere() throws {
        let directory = TemporaryDirectory()
        try directory.writeZeros("data_batch_2.bin", count: batchBytes)
        try directory.writeZeros("data_batch_5.bin", count: batchBytes, setting: pattern)
        try directory.writeZeros("test_batch.bin", count: batchBytes, setting: [0: 9])
        let splits = try DatasetRegistry.open("cifar10:\(directory.path)")
        #expect(splits.train.count == 20_000)
        #expect(splits.test.count == 10_000)
        #expect(splits.train.shape == ImageShape(height: 32, width: 32, channels: 3))
        #expect(splits.notices.count == 1)
        #expect(splits.notices[0].contains("found 20,000 of 50,000 training images"))
        #expect(splits.notices[0].contains("data_batch_1.bin, data_batch_3.bin, data_batch_4.bin"))
        #expect(splits.train.label(10_002) == 7)
        #expect(splits.train.label(2) == 0)
        #expect(splits.test.label(0) == 9)
        let image = splits.train.image(10_002)
        let place = (1 * 32 + 2) * 3
        #expect(image[place] == 1)
        #expect(image[place + 1] == Scalar(51) / 255)
        #expect(image.reduce(0, +) == 1 + Scalar(51) / 255)
        #expect(splits.train.image(10_000)[0] == Scalar(102) / 255)
        #expect(splits.train.image(9_999).allSatisfy { $0 == 0 })
        #expect(splits.train.image(10_001).allSatisfy { $0 == 0 })

        let changedPattern = pattern.merging([batchBytes - 1: 1]) { $1 }
        try directory.writeZeros("data_batch_5.bin", count: batchBytes, setting: changedPattern)
        let changed = try DatasetRegistry.open("cifar10:\(directory.path)")
        #expect(changed.train.fingerprint != splits.train.fingerprint, "a changed pixel changes the fingerprint")
        #expect(changed.test.fingerprint == splits.test.fingerprint)
    }

    @Test func wrongSizesAreRefused() throws {
        let directory = TemporaryDirectory()
        let spec = "cifar10:\(directory.path)"
        for (count, words) in [
            (0, "file truncated: 0 bytes"), (12, "file truncated: 12 bytes"),
            (batchBytes - 1, "file truncated: 30,729,999 bytes"), (batchBytes + 1, "file too long: 30,730,001 bytes"),
        ] {
            try directory.writeZeros("data_batch_3.bin", count: count)
            expectRefusal(spec, "data_batch_3.bin: \(words), expected 30,730,000 bytes")
        }
    }

    @Test func labelsBeyondTheClassesAreRefused() throws {
        let directory = TemporaryDirectory()
        let spec = "cifar10:\(directory.path)"
        try directory.writeZeros("data_batch_1.bin", count: batchBytes, setting: [9999 * record: 10])
        expectRefusal(spec, "data_batch_1.bin: record 9,999 has label 10, expected 0 to 9")
        try directory.writeZeros("data_batch_1.bin", count: batchBytes, setting: [0: 255])
        expectRefusal(spec, "record 0 has label 255")
    }

    @Test func missingTestFileIsNamed() throws {
        let directory = TemporaryDirectory()
        try directory.writeZeros("data_batch_1.bin", count: batchBytes)
        expectRefusal("cifar10:\(directory.path)", "/test_batch.bin: no such file")
    }

    @Test func foldersAndPipesAreNoData() throws {
        let directory = TemporaryDirectory()
        mkfifo("\(directory.path)/data_batch_1.bin", 0o600)
        expectRefusal("cifar10:\(directory.path)", "data_batch_1.bin: not a regular file")
        directory.remove("data_batch_1.bin")
        mkdir("\(directory.path)/data_batch_1.bin", 0o700)
        expectRefusal("cifar10:\(directory.path)", "data_batch_1.bin: not a regular file")
        rmdir("\(directory.path)/data_batch_1.bin")
    }

    @Test func fineLabelsOfCIFAR100AreRead() throws {
        let directory = TemporaryDirectory()
        let spec = "cifar100:\(directory.path)"
        // Coarse label 200 is nobody's business; the fine one counts.
        try directory.writeZeros("train.bin", count: 153_700_000, setting: [3074: 200, 3075: 99, 3076: 255])
        try directory.writeZeros("test.bin", count: 30_740_000)
        let splits = try DatasetRegistry.open(spec)
        #expect(splits.train.count == 50_000)
        #expect(splits.train.label(1) == 99)
        #expect(splits.train.image(1)[0] == 1)
        #expect(splits.train.classNames.count == 100)
        #expect(Set(splits.train.classNames).count == 100)
        #expect(splits.train.classNames == splits.train.classNames.sorted())
        #expect(splits.notices.isEmpty)

        try directory.writeZeros("test.bin", count: 30_740_000, setting: [3074 * 5 + 1: 100])
        expectRefusal(spec, "test.bin: record 5 has label 100, expected 0 to 99")
        try directory.writeZeros("train.bin", count: 153_700_001)
        expectRefusal(spec, "train.bin: file too long")
    }
}
