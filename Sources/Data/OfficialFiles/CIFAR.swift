/// CIFAR-10 and CIFAR-100 (A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html), 32x32 pixels as a red, a green
/// and a blue plane, row by row.
///
/// A record of the binary versions is the label, for CIFAR-100 the coarse and then the fine label, and the pixels.
/// There is no header: the size of a file is all there is to know it by. The Python versions, which torchvision
/// downloads, are read where there is no binary one.
enum CIFAR {
    private static let shape = ImageShape(height: 32, width: 32, channels: 3)

    /// Any of `data_batch_1.bin` to `data_batch_5.bin`, at least one, and `test_batch.bin`; 10,000 images each. In the
    /// Python version the names have no ending.
    /// - Throws: `Failure.badInput` for missing files, wrong sizes and labels above 9.
    static func openCIFAR10(_ directory: String) throws -> DatasetSplits {
        let version = try Version(
            directory, "CIFAR-10", binary: .cifar10, python: .cifar10Python,
            Records(
                perFile: 10_000, labelBytes: 1, pythonLabels: "labels", pythonOthers: [],
                classNames: CIFARClasses.ten))
        let official = (1...5).map { "data_batch_\($0)\(version.ending)" }
        let present = official.filter { DataFile.exists("\(version.folder)/\($0)") }
        // With none there, the first is opened for the sake of its refusal.
        let train = try version.open(present.isEmpty ? [official[0]] : present, name: "CIFAR-10 train")
        let test = try version.open(["test_batch\(version.ending)"], name: "CIFAR-10 test")
        let missing = official.filter { !present.contains($0) }
        let notice =
            "CIFAR-10: found \(grouped(train.count)) of 50,000 training images; "
            + "not there: \(missing.joined(separator: ", "))"
        // Mean and deviation: of all 50,000 training images.
        return DatasetSplits(
            train: train, test: test, mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616],
            notices: missing.isEmpty ? [] : [notice])
    }

    /// `train.bin` with 50,000 and `test.bin` with 10,000 images, by their 100 fine labels. In the Python version the
    /// names have no ending.
    /// - Throws: `Failure.badInput` for missing files, wrong sizes and fine labels above 99.
    static func openCIFAR100(_ directory: String) throws -> DatasetSplits {
        var version = try Version(
            directory, "CIFAR-100", binary: .cifar100, python: .cifar100Python,
            Records(
                perFile: 50_000, labelBytes: 2, pythonLabels: "fine_labels", pythonOthers: ["coarse_labels"],
                classNames: CIFARClasses.hundred))
        let train = try version.open(["train\(version.ending)"], name: "CIFAR-100 train")
        version.records.perFile = 10_000
        let test = try version.open(["test\(version.ending)"], name: "CIFAR-100 test")
        return DatasetSplits(
            train: train, test: test, mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762])
    }

    /// What a file holds.
    private struct Records {
        var perFile: Int
        let labelBytes: Int
        /// What the Python version calls the labels.
        let pythonLabels: String
        /// And those that come first in a record of the binary version.
        let pythonOthers: [String]
        let classNames: [String]
    }

    /// Which files are there.
    private struct Version {
        let folder: String
        let isPython: Bool
        var records: Records

        var ending: String { isPython ? "" : ".bin" }

        init(
            _ directory: String, _ title: String, binary: OfficialFolder, python: OfficialFolder, _ records: Records
        ) throws {
            try DataFile.requireDirectory(directory, of: "the \(title) files")
            self.records = records
            let found = binary.find(in: directory), pickled = found == nil ? python.find(in: directory) : nil
            if found == nil, pickled == nil { try OfficialFolder.requireNothingElse(in: directory, than: title) }
            folder = found ?? pickled ?? directory
            isPython = pickled != nil
        }

        func open(_ files: [String], name: String) throws -> ByteImages {
            var labels = [UInt16]()
            var segments = [ByteImages.Segment]()
            for file in files {
                let path = "\(folder)/\(file)", content = "\(grouped(records.perFile)) images of \(name)"
                let batch =
                    try isPython
                    ? PythonCIFAR.batch(
                        path, content, labels: records.pythonLabels, others: records.pythonOthers,
                        classes: records.classNames.count, imageBytes: shape.count)
                    : binaryBatch(path, content)
                labels += batch.labels
                segments.append(batch.segment)
            }
            return ByteImages(
                name: name, shape: shape, classNames: records.classNames, labels: labels, segments: segments,
                layout: .planes)
        }

        private func binaryBatch(
            _ path: String, _ content: String
        ) throws -> (labels: [UInt16], segment: ByteImages.Segment) {
            let size = records.labelBytes + shape.count
            let file = try DataFile.map(path, content, byteCount: records.perFile * size)
            let labels = try DataFile.labels(
                file.bytes, offset: records.labelBytes - 1, stride: size, count: records.perFile,
                classes: records.classNames.count, path: path)
            return (
                labels,
                .init(bytes: .mapped(file), offset: records.labelBytes, stride: size, count: records.perFile)
            )
        }
    }
}
