/// The binary versions of CIFAR-10 and CIFAR-100 (A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html).
///
/// A record is the label, for CIFAR-100 the coarse and then the fine label, followed by 32x32 pixels as a red, a green
/// and a blue plane, row by row. There is no header: the size of a file is all there is to know it by.
public enum CIFAR {
    private static let shape = ImageShape(height: 32, width: 32, channels: 3)

    /// Any of `data_batch_1.bin` to `data_batch_5.bin`, at least one, and `test_batch.bin`; 10,000 images each.
    /// - Throws: `Failure.badInput` for missing files, wrong sizes and labels above 9.
    public static func openCIFAR10(_ directory: String) throws -> DatasetSplits {
        try DataFile.requireDirectory(directory, "CIFAR-10")
        let official = (1...5).map { "data_batch_\($0).bin" }
        let present = official.filter { DataFile.exists("\(directory)/\($0)") }
        // With none there, the first is opened for the sake of its refusal.
        let train = try open(
            directory, present.isEmpty ? [official[0]] : present, name: "CIFAR-10 train", recordsPerFile: 10_000,
            labelBytes: 1, classNames: CIFARClasses.ten)
        let test = try open(
            directory, ["test_batch.bin"], name: "CIFAR-10 test", recordsPerFile: 10_000, labelBytes: 1,
            classNames: CIFARClasses.ten)
        let missing = official.filter { !present.contains($0) }
        let notice = "CIFAR-10: found \(grouped(train.count)) of 50,000 training images; "
            + "not there: \(missing.joined(separator: ", "))"
        // Mean and deviation: of all 50,000 training images.
        return DatasetSplits(
            train: train, test: test, mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616],
            notices: missing.isEmpty ? [] : [notice])
    }

    /// `train.bin` with 50,000 and `test.bin` with 10,000 images, by their 100 fine labels.
    /// - Throws: `Failure.badInput` for missing files, wrong sizes and fine labels above 99.
    public static func openCIFAR100(_ directory: String) throws -> DatasetSplits {
        try DataFile.requireDirectory(directory, "CIFAR-100")
        let train = try open(
            directory, ["train.bin"], name: "CIFAR-100 train", recordsPerFile: 50_000, labelBytes: 2,
            classNames: CIFARClasses.hundred)
        let test = try open(
            directory, ["test.bin"], name: "CIFAR-100 test", recordsPerFile: 10_000, labelBytes: 2,
            classNames: CIFARClasses.hundred)
        return DatasetSplits(
            train: train, test: test, mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762])
    }

    private static func open(
        _ directory: String, _ files: [String], name: String, recordsPerFile: Int, labelBytes: Int,
        classNames: [String]
    ) throws -> ByteImages {
        let recordBytes = labelBytes + shape.count
        var labels = [UInt8]()
        var segments = [ByteImages.Segment]()
        for fileName in files {
            let path = "\(directory)/\(fileName)"
            let file = try DataFile.map(
                path, "\(grouped(recordsPerFile)) images of \(name)", byteCount: recordsPerFile * recordBytes)
            labels += try DataFile.labels(
                file.bytes, offset: labelBytes - 1, stride: recordBytes, count: recordsPerFile,
                classes: classNames.count, path: path)
            segments.append(
                .init(bytes: .mapped(file), offset: labelBytes, stride: recordBytes, count: recordsPerFile))
        }
        return ByteImages(
            name: name, shape: shape, classNames: classNames, labels: labels, segments: segments, layout: .planes)
    }
}
