import Failures
import Formats

/// MNIST (Y. LeCun, C. Cortes, C. Burges) and Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017) in the IDX format:
/// big-endian, magic 0x00000803 and three dimensions before images, 0x00000801 and one before labels.
///
/// The four files have the same official names for both, plain or with `.gz`; the plain one comes first. Some programs
/// unpack them under names with a dot, `train-images.idx3-ubyte`.
enum IDX {
    private static let shape = ImageShape(height: 28, width: 28, channels: 1)
    private static let classCount = 10
    private static let imageMagic: UInt32 = 0x0000_0803
    private static let labelMagic: UInt32 = 0x0000_0801
    /// Of the official files. No more is accepted, nor inflated from a compressed file, whatever the header claims.
    private static let largestCount = 60_000

    /// - Throws: `Failure.badInput` for files that are missing, damaged or at odds with each other, images of another
    ///   size than 28x28 and labels above 9.
    static func openMNIST(_ directory: String) throws -> DatasetSplits {
        // Mean and deviation: of the 60,000 training images.
        try open(
            directory, name: "MNIST", .mnist, classNames: (0..<classCount).map(String.init), mean: 0.1307,
            deviation: 0.3081)
    }

    /// - Throws: as `openMNIST`.
    static func openFashionMNIST(_ directory: String) throws -> DatasetSplits {
        try open(
            directory, name: "Fashion-MNIST", .fashionMNIST,
            classNames: [
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                "Ankle boot",
            ],
            mean: 0.2860, deviation: 0.3530)
    }

    private static func open(
        _ directory: String, name: String, _ official: OfficialFolder, classNames: [String], mean: Double,
        deviation: Double
    ) throws -> DatasetSplits {
        try DataFile.requireDirectory(directory, of: "the \(name) files")
        let found = official.find(in: directory), folder = found ?? directory
        if found == nil { try OfficialFolder.requireNothingElse(in: directory, than: official.title) }
        let train = try split(folder, "train", name: "\(name) train", classNames)
        try requireNoOther(train, name, folder)
        let test = try split(folder, "t10k", name: "\(name) test", classNames)
        return DatasetSplits(train: train, test: test, mean: [mean], deviation: [deviation])
    }

    private static func split(
        _ directory: String, _ prefix: String, name: String, _ classNames: [String]
    ) throws -> ByteImages {
        let (imagePath, images) = try contents(
            directory, IDXNames.names(of: "\(prefix)-images", dimensions: 3), "the images of \(name), plain or .gz",
            limit: 16 + largestCount * shape.count)
        let (labelPath, labelBytes) = try contents(
            directory, IDXNames.names(of: "\(prefix)-labels", dimensions: 1), "the labels of \(name), plain or .gz",
            limit: 8 + largestCount)
        let count = try images.withBytes { bytes in
            try validate(
                bytes, imagePath, magic: imageMagic, itemDimensions: [shape.height, shape.width], items: "images")
        }
        let labels = try labelBytes.withBytes { bytes in
            let labelCount = try validate(bytes, labelPath, magic: labelMagic, itemDimensions: [], items: "labels")
            guard labelCount == count else {
                throw Failure.badInput(
                    labelPath, "\(grouped(labelCount)) labels",
                    expected: "\(grouped(count)), as many as images in \(imagePath)")
            }
            return try DataFile.labels(
                bytes, offset: 8, stride: 1, count: labelCount, classes: classCount, path: labelPath)
        }
        let segment = ByteImages.Segment(bytes: images, offset: 16, stride: shape.count, count: count)
        return ByteImages(
            name: name, shape: shape, classNames: classNames, labels: labels, segments: [segment],
            layout: .channelsLast)
    }

    /// MNIST and Fashion-MNIST share their names; how their labels begin tells them apart.
    private static func requireNoOther(_ train: ByteImages, _ name: String, _ directory: String) throws {
        let beginnings = [
            (name: "MNIST", spec: "mnist", labels: [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5]),
            (name: "Fashion-MNIST", spec: "fashion-mnist", labels: [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9]),
        ]
        let first = (0..<min(12, train.count)).map(train.label)
        if let other = beginnings.first(where: { $0.labels == first }), other.name != name {
            throw Failure.badInput(
                directory, "holds the files of \(other.name)", expected: "those of \(name); or say \(other.spec):DIR")
        }
    }

    /// The file, mapped, or its inflated contents if it is gzip's whatever it is called.
    private static func contents(
        _ directory: String, _ names: [String], _ content: String, limit: Int
    ) throws -> (String, ByteStore) {
        let paths = names.map { "\(directory)/\($0)" }
        let found = paths.first { DataFile.exists($0) } ?? paths[0]
        let file = try DataFile.map(found, content)
        guard Gzip.isCompressed(file.bytes) else { return (found, .mapped(file)) }
        return (found, .memory(try Gzip.inflate(file.bytes, limit: limit, source: found)))
    }

    /// The number of items, after magic, dimensions and the file's size have been found to agree.
    private static func validate(
        _ bytes: UnsafeRawBufferPointer, _ path: String, magic: UInt32, itemDimensions: [Int], items: String
    ) throws -> Int {
        if let other = FileFormat.refusal(path, bytes, expected: [.idx, .empty, .zeros], words: "IDX \(items)") {
            throw other
        }
        let headerBytes = 8 + 4 * itemDimensions.count
        guard bytes.count >= headerBytes else {
            throw Failure.badInput(
                path, "file truncated: \(bytes.count) bytes", expected: "an IDX header of \(headerBytes) bytes")
        }
        func integer(_ offset: Int) -> UInt32 {
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        guard integer(0) == magic else {
            throw Failure.badInput(
                path, "magic number \(hexadecimal(integer(0)))", expected: "\(hexadecimal(magic)) of IDX \(items)")
        }
        let count = Int(integer(4))
        let dimensions = itemDimensions.indices.map { Int(integer(8 + 4 * $0)) }
        guard dimensions == itemDimensions else {
            throw Failure.badInput(
                path, "\(items) of \(dimensions.map(String.init).joined(separator: "x"))",
                expected: itemDimensions.map(String.init).joined(separator: "x"))
        }
        guard count >= 1 && count <= largestCount else {
            throw Failure.badInput(
                path, "claims \(grouped(count)) \(items)", expected: "1 to \(grouped(largestCount))")
        }
        // The dimensions are the expected ones and the count is small: the product cannot overflow.
        let size = headerBytes + count * itemDimensions.reduce(1, *)
        try DataFile.requireSize(bytes.count, size, path, note: " for \(grouped(count)) \(items)")
        return count
    }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
