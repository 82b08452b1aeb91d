import Data
import Kernels
import TestSupport
import Testing

@Suite struct STL10Tests {
    private let imageBytes = 27_648

    private func write(_ directory: TemporaryDirectory, _ part: String, count: Int) throws {
        // Image 1: element (y 3, x 5) is red 255, blue 51; planes are stored column by column.
        try directory.writeZeros(
            "\(part)_X.bin", count: count * imageBytes,
            setting: [imageBytes + 5 * 96 + 3: 255, imageBytes + 2 * 9216 + 5 * 96 + 3: 51])
        try directory.write("\(part)_y.bin", (0..<count).map { UInt8($0 % 10 + 1) })
    }

    @Test func columnMajorPlanesAndLabelsFromOneAreRead() throws {
        let directory = TemporaryDirectory()
        try write(directory, "train", count: 5000)
        try write(directory, "test", count: 8000)
        let splits = try DatasetRegistry.open("stl10:\(directory.path)")
        #expect(splits.train.count == 5000)
        #expect(splits.test.count == 8000)
        #expect(splits.train.label(0) == 0)
        #expect(splits.test.label(7999) == 9)
        let image = splits.train.image(1)
        #expect(image[(3 * 96 + 5) * 3] == 1)
        #expect(image[(3 * 96 + 5) * 3 + 2] == Scalar(51) / 255)
        #expect(image.reduce(0, +) == 1 + Scalar(51) / 255)
    }

    @Test func wrongSizesAndLabelsAreRefused() throws {
        let directory = TemporaryDirectory()
        let spec = "stl10:\(directory.path)"
        try write(directory, "train", count: 4999)
        expectRefusal(spec, "train_X.bin: file truncated: 138,212,352 bytes, expected 138,240,000 bytes")
        try write(directory, "train", count: 5000)
        try directory.writeZeros("train_y.bin", count: 5001)
        expectRefusal(spec, "train_y.bin: file too long: 5,001 bytes, expected 5,000 bytes")
        try directory.writeZeros("train_y.bin", count: 5000)
        expectRefusal(spec, "train_y.bin: record 0 has label 0, expected 1 to 10")
        var labels = [UInt8](repeating: 10, count: 5000)
        labels[4321] = 11
        try directory.write("train_y.bin", labels)
        expectRefusal(spec, "record 4,321 has label 11")
        directory.remove("train_y.bin")
        expectRefusal(spec, "train_y.bin: no such file")
    }
}
