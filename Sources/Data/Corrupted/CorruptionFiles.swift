import Failures
import Formats
import Kernels

/// The official layout of CIFAR-10-C and CIFAR-100-C: a folder with a file `CORRUPTION.npy` of bytes [5 N, H, W, C] for
/// each corruption, which holds the N test images at severity 1, then at severity 2 and so on, and `labels.npy` of
/// integers, [N] or repeated for each severity. Files are mapped, so no more than what is looked at need be in memory.
public struct CorruptionFiles: CorruptedImages {
    public let source: String
    public let corruptions: [String]
    public let count: Int
    /// The images of a severity that can be had: those that are in the files, among the images without corruption, and of
    /// the classes that these are of.
    public let available: Int
    /// What the user ought to know, a line each.
    public let notices: [String]
    /// Of the first images of each severity, as many as are needed.
    private let labels: [UInt16]
    private let classNames: [String]
    /// The classes that are taken of these; nil: all.
    private let classes: [Int]?
    private let size: ImageSize?
    /// Of the images in the files.
    private let shape: ImageShape
    /// Images of a severity in each file.
    private let stored: Int

    private static let labelsName = "labels", ending = ".npy"

    /// Looks at all files' headers, and at the labels.
    /// - Parameters:
    ///   - clean: the images that have been corrupted, whose labels must be the same. Where they are those of some classes,
    ///     the files hold the images of all classes, and those of these classes are taken.
    ///   - samples: the first so many images of each severity, at least one; nil for all.
    ///   - size: what the images are resized to; `clean` has been resized to it.
    /// - Throws: `Failure.badInput` for files that are missing, damaged or of another layout.
    public init(_ path: String, of clean: any Dataset, samples: Int? = nil, resizedTo size: ImageSize? = nil) throws {
        precondition(samples ?? 1 > 0, "CorruptionFiles: \(samples ?? 0) samples")
        let selected = clean as? SelectedClasses, whole = selected?.base ?? clean
        source = path
        classNames = whole.classNames
        let classes = selected?.classes
        self.classes = classes
        self.size = size
        let folder = try NumPyFolder(path)
        try Self.requireAllRead(folder)
        guard folder.names.contains(Self.labelsName) else {
            throw Failure.badInput(path, "no labels.npy", expected: "CORRUPTION.npy and labels.npy, as in CIFAR-10-C")
        }
        corruptions = CorruptionBenchmark.sorted(folder.names.filter { $0 != Self.labelsName })
        guard let first = corruptions.first else {
            throw Failure.badInput(path, "no images beside labels.npy", expected: "a file CORRUPTION.npy at least")
        }
        let (_, shape, images) = try Self.header(folder, first)
        for name in corruptions {
            let found = try Self.header(folder, name)
            guard found.images == images else {
                throw Failure.badInput(
                    found.array.place, "\(grouped(found.images)) images",
                    expected: "\(grouped(images)) as in \(first).npy")
            }
            guard found.shape == shape else {
                throw Failure.badInput(
                    found.array.place, "\(found.shape) images", expected: "\(shape) as in \(first).npy")
            }
            let isAsClean = size == nil ? shape == clean.shape : shape.channels == clean.shape.channels
            guard isAsClean else {
                throw Failure.badInput(
                    found.array.place, "\(shape) images",
                    expected: "\(clean.shape) images as in \(clean.name)" + (size == nil ? "" : ", or of another size"))
            }
        }
        let stored = images / CorruptionBenchmark.severities.count
        let labels = try Self.labels(folder, images: images, of: whole, first)
        let taken = labels.indices.filter { classes?.contains(labels[$0]) ?? true }
        guard !taken.isEmpty else { throw Failure.badInput(path, "no images of the classes of \(clean.name)") }
        let available = taken.count, count = min(samples ?? available, available)
        self.available = available
        self.count = count
        self.labels = labels.prefix(taken[count - 1] + 1).map { UInt16($0) }
        self.shape = shape
        self.stored = stored
        notices =
            samples == nil && stored != whole.count
            ? [
                "\(path) has \(grouped(stored)) images a severity and \(whole.name) \(grouped(whole.count)): of both the "
                    + "first \(grouped(labels.count)) are taken"
            ] : []
    }

    public func images(of corruption: String, severity: Int) throws -> any Dataset {
        precondition(CorruptionBenchmark.severities.contains(severity), "CorruptionFiles: severity \(severity)")
        let (array, shape, images) = try Self.header(NumPyFolder(source), corruption)
        guard images == stored * CorruptionBenchmark.severities.count, shape == self.shape else {
            throw Failure.badInput(array.place, "changed while it was read")
        }
        let segment = ByteImages.Segment(
            bytes: array.bytes, offset: array.offset + (severity - 1) * stored * shape.count, stride: shape.count,
            count: labels.count)
        let found = try ByteImages(
            name: "\(source) \(corruption) \(severity)", content: "images corrupted", shape: shape,
            classNames: classNames, labels: labels, segments: [segment], layout: .channelsLast
        ).resized(to: size) {}
        return classes.map { SelectedClasses(found, classes: $0) } ?? found
    }

    /// A corruption that is not read would be missing from the mean, so nothing that looks like one may be left out.
    private static func requireAllRead(_ folder: NumPyFolder) throws {
        for entry in try directoryEntries(folder.path)
        where !entry.hasPrefix(".") && entry.lowercased().hasSuffix(ending) {
            guard entry.hasSuffix(ending) else {
                throw Failure.badInput("\(folder.path)/\(entry)", "is not read", expected: "a name that ends in .npy")
            }
            guard folder.names.contains(String(entry.dropLast(ending.count))) else {
                throw Failure.badInput(
                    "\(folder.path)/\(entry)", "cannot be read", expected: "a file, or a link to one")
            }
        }
    }

    /// Those of the images that are in the files and in `clean`.
    /// - Parameter images: in each file, of all severities.
    private static func labels(
        _ folder: NumPyFolder, images: Int, of clean: any Dataset, _ first: String
    ) throws -> ArraySlice<Int> {
        let array = try folder.array(labelsName), labels = try array.labels()
        let stored = images / CorruptionBenchmark.severities.count
        guard labels.count == stored || labels.count == images else {
            throw Failure.badInput(
                array.place, "\(grouped(labels.count)) labels",
                expected: "\(grouped(images)) or \(grouped(stored)), as \(first).npy has \(grouped(images)) images")
        }
        if let odd = labels.indices.first(where: { labels[$0] != labels[$0 % stored] }) {
            throw Failure.badInput(
                array.place, "label \(labels[odd]) of image \(grouped(odd))",
                expected: "\(labels[odd % stored]) as at severity 1, for \(first).npy is taken to hold "
                    + "\(grouped(stored)) images at each of 5 severities, [5 N, height, width, channels]")
        }
        if let odd = labels.first(where: { !clean.classNames.indices.contains($0) }) {
            throw Failure.badInput(
                array.place, "label \(odd)", expected: "0 to \(clean.classNames.count - 1) as in \(clean.name)")
        }
        let shared = labels.prefix(min(stored, clean.count))
        for (image, label) in shared.enumerated() where label != clean.label(image) {
            throw Failure.badInput(
                array.place, "label \(label) of image \(grouped(image))",
                expected: "\(clean.label(image)) as in \(clean.name), whose images are to be those without corruption")
        }
        return shared
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
