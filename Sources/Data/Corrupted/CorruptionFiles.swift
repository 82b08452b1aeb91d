import Failures
import Kernels

/// The official layout of CIFAR-10-C and CIFAR-100-C: a folder with a file `CORRUPTION.npy` of bytes [5 N, H, W, C] for
/// each corruption, which holds the N test images at severity 1, then at severity 2 and so on, and `labels.npy` of
/// integers, [N] or repeated for each severity. Files are mapped, so no more than what is looked at need be in memory.
public struct CorruptionFiles: CorruptedImages {
    public let source: String
    public let corruptions: [String]
    public let count: Int
    private let labels: [UInt16]
    private let classNames: [String]
    private let size: ImageSize?
    /// Images of a severity in each file.
    private let stored: Int

    private static let labelsName = "labels"

    /// Looks at all files' headers, and at the labels.
    /// - Parameters:
    ///   - clean: the images that have been corrupted, whose labels must be the same.
    ///   - samples: the first so many images of each severity; nil for all.
    ///   - size: what the images are resized to.
    /// - Throws: `Failure.badInput` for files that are missing, damaged or of another layout.
    public init(_ path: String, of clean: any Dataset, samples: Int? = nil, resizedTo size: ImageSize? = nil) throws {
        source = path
        classNames = clean.classNames
        self.size = size
        let folder = try NumPyFolder(path)
        guard folder.names.contains(Self.labelsName) else {
            throw Failure.badInput(path, "no labels.npy", expected: "CORRUPTION.npy and labels.npy, as in CIFAR-10-C")
        }
        corruptions = CorruptionBenchmark.sorted(folder.names.filter { $0 != Self.labelsName })
        guard let first = corruptions.first else {
            throw Failure.badInput(path, "no images beside labels.npy", expected: "a file CORRUPTION.npy at least")
        }
        let severities = CorruptionBenchmark.severities.count
        let array = try folder.array(Self.labelsName), labels = try array.labels()
        let images = try Self.header(folder, first).images
        let stored = images / severities
        guard labels.count == stored || labels.count == images else {
            throw Failure.badInput(
                array.place, "\(grouped(labels.count)) labels",
                expected: "\(grouped(images)) or \(grouped(stored)), as \(first).npy has \(grouped(images)) images")
        }
        for name in corruptions.dropFirst() {
            let found = try Self.header(folder, name)
            guard found.images == images else {
                throw Failure.badInput(
                    found.array.place, "\(grouped(found.images)) images",
                    expected: "\(grouped(images)) as in \(first).npy")
            }
        }
        if let odd = labels.indices.first(where: { labels[$0] != labels[$0 % stored] }) {
            throw Failure.badInput(
                array.place, "label \(labels[odd]) of image \(grouped(odd))",
                expected: "\(labels[odd % stored]) as at severity 1")
        }
        if let odd = labels.first(where: { !clean.classNames.indices.contains($0) }) {
            throw Failure.badInput(array.place, "label \(odd)", expected: "0 to \(clean.classNames.count - 1)")
        }
        for (image, label) in labels.prefix(min(stored, clean.count)).enumerated() where label != clean.label(image) {
            throw Failure.badInput(
                array.place, "label \(label) of image \(grouped(image))",
                expected: "\(clean.label(image)) as in \(clean.name), whose images are to be those without corruption")
        }
        self.stored = stored
        count = min(samples ?? stored, stored)
        self.labels = labels.prefix(count).map { UInt16($0) }
    }

    public func images(of corruption: String, severity: Int) throws -> any Dataset {
        precondition(CorruptionBenchmark.severities.contains(severity), "CorruptionFiles: severity \(severity)")
        let (array, shape, images) = try Self.header(NumPyFolder(source), corruption)
        guard images == stored * CorruptionBenchmark.severities.count else {
            throw Failure.badInput(array.place, "changed while it was read")
        }
        let segment = ByteImages.Segment(
            bytes: array.bytes, offset: array.offset + (severity - 1) * stored * shape.count, stride: shape.count,
            count: count)
        return try ByteImages(
            name: "\(source) \(corruption) \(severity)", content: "images corrupted", shape: shape,
            classNames: classNames, labels: labels, segments: [segment], layout: .channelsLast
        ).resized(to: size) {}
    }

    private static func header(
        _ folder: NumPyFolder, _ name: String
    ) throws -> (array: NumericArray, shape: ImageShape, images: Int) {
        let array = try folder.array(name), extents = array.shape
        let severities = CorruptionBenchmark.severities.count
        guard array.elementType == .uint8, extents.count == 4 || extents.count == 3,
            extents.allSatisfy({ $0 > 0 }), extents.dropFirst().allSatisfy({ $0 <= 4096 }),
            extents[0] % severities == 0
        else {
            throw Failure.badInput(
                array.place, "\(array.elementType.rawValue) of the shape \(extents)",
                expected: "bytes (U8) of the shape [5 N, height, width, channels], N images at each of 5 severities")
        }
        let channels = extents.count == 4 ? extents[3] : 1
        return (array, ImageShape(height: extents[1], width: extents[2], channels: channels), extents[0])
    }
}
