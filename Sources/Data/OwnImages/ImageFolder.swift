import Failures

/// Folders of PNG and JPEG images, one a class: `DIR/CLASS/...`, or `DIR/train/CLASS/...` beside `DIR/test` or
/// `DIR/val`.
///
/// Classes and images come in the order of their names' bytes, as in torchvision's `ImageFolder`, and the images of a
/// class may lie in folders within its own. Test images take turns by class, so that the first ones are of all classes.
/// All are decoded at once and kept as bytes.
enum ImageFolder {
    private static let mostClasses = 10_000
    /// What the folder of test images may be called, in the order of preference.
    private static let testNames = ["test", "val", "valid", "validation"]

    static func open(_ directory: String, _ selection: DataSelection, progress: () -> Void) throws -> DatasetSplits {
        try DataFile.requireDirectory(directory, of: "the images, one folder a class")
        let listing = try FolderListing(directory)
        var others = listing.files.map { "\(directory)/\($0)" }, notices: [String] = []
        let hasTrain = listing.folders.contains("train")
        let test = hasTrain ? testNames.filter(listing.folders.contains) : []
        // A class may be called train, too; it is one unless there are folders in it as of classes.
        let isDivided = try hasTrain && (!test.isEmpty || FolderListing("\(directory)/train").folders.count >= 2)
        let trainRoot = isDivided ? "\(directory)/train" : directory
        let testRoot = test.first.map { "\(directory)/\($0)" }
        if isDivided {
            let passedOver = listing.folders.filter { $0 != "train" && $0 != test.first }
            if !passedOver.isEmpty { notices.append("\(directory): not read: \(passedOver.joined(separator: ", "))") }
        }
        if listing.folders.count < 2, let other = OfficialFolder.evident(in: directory) {
            throw Failure.badInput(
                directory, "holds the files of \(other.title)",
                expected: "a folder of images a class; or say \(other.spec)")
        }
        let classes = try classFolders(trainRoot, others: &others)
        let names = classes.map(\.name), name = DataFile.name(of: directory)
        var parts: (train: [[String]], test: [[String]])
        if let testRoot {
            let testClasses = try classFolders(testRoot, others: &others)
            try requireSame(names, trainRoot, testClasses.map(\.name), testRoot)
            parts = (
                classes.map { $0.images.map { "\(trainRoot)/\($0)" } },
                testClasses.map { $0.images.map { "\(testRoot)/\($0)" } }
            )
        } else {
            parts = try heldOut(trainRoot, classes)
            notices.append("\(directory): \(HeldOut.rule), \(grouped(parts.test.joined().count)) images")
        }
        if let first = others.first {
            notices.append(
                "\(directory): passed over: \(grouped(others.count)) file\(others.count == 1 ? "" : "s") that "
                    + "\(others.count == 1 ? "is" : "are") no PNG or JPEG image, \(first)"
                    + (others.count == 1 ? "" : " the first"))
        }
        return try decode(parts, names, name, directory, selection, notices, progress)
    }

    private static func classFolders(_ root: String, others: inout [String]) throws -> [ClassFolder] {
        let listing = try FolderListing(root)
        let expectation = "a folder of images for each of at least 2 classes"
        guard listing.folders.count >= 2 else {
            let found = listing.folders.isEmpty ? "no folders" : "one folder, \(listing.folders[0])"
            throw Failure.badInput(root, "\(found) in it", expected: expectation)
        }
        guard listing.folders.count <= mostClasses else {
            throw Failure.badInput(
                root, "\(grouped(listing.folders.count)) folders", expected: "at most \(grouped(mostClasses)) classes")
        }
        return try listing.folders.map { name in
            let folder = try ClassFolder(root, name, others: &others)
            guard !folder.images.isEmpty else {
                throw Failure.badInput("\(root)/\(name)", "no PNG or JPEG images", expected: "those of the class")
            }
            return folder
        }
    }

    private static func requireSame(
        _ train: [String], _ trainRoot: String, _ test: [String], _ testRoot: String
    ) throws {
        let known = Set(train), found = Set(test)
        if let missing = train.first(where: { !found.contains($0) }) {
            throw Failure.badInput(
                testRoot, "no class \(missing.debugDescription)", expected: "the classes of \(trainRoot)")
        }
        if let unknown = test.first(where: { !known.contains($0) }) {
            throw Failure.badInput(
                "\(testRoot)/\(unknown)", "a class that \(trainRoot) does not have",
                expected: "the classes of \(trainRoot)")
        }
    }

    private static func heldOut(
        _ root: String, _ classes: [ClassFolder]
    ) throws -> (train: [[String]], test: [[String]]) {
        var train: [[String]] = [], test: [[String]] = []
        for folder in classes {
            let paths = folder.images.map { "\(root)/\($0)" }
            guard let split = HeldOut.split(folder.images) else {
                throw Failure.badInput(
                    "\(root)/\(folder.name)", "one image", expected: "at least two: one to train on and one to test")
            }
            train.append(split.train.map { paths[$0] })
            test.append(split.test.map { paths[$0] })
        }
        return (train, test)
    }

    private static func decode(
        _ parts: (train: [[String]], test: [[String]]), _ names: [String], _ name: String, _ directory: String,
        _ selection: DataSelection, _ notices: [String], _ progress: () -> Void
    ) throws -> DatasetSplits {
        let train = parts.train.enumerated().flatMap { label, paths in paths.map { (label: label, image: $0) } }
        let test = HeldOut.interleaved(parts.test)
        var collector = ImageCollector(
            resizingTo: selection.size, expected: train.count + test.count, place: directory)
        for (_, path) in train + test {
            try collector.add(path)
            progress()
        }
        guard let shape = collector.shape else { throw Failure.badInput(directory, "no images") }
        let store = ByteStore.memory(collector.pixels)
        func dataset(_ part: String, _ images: [(label: Int, image: String)], offset: Int) -> ByteImages {
            ByteImages(
                name: "\(name) \(part)", content: "images \(part)", shape: shape, classNames: names,
                labels: images.map { UInt16($0.label) },
                segments: [
                    .init(bytes: store, offset: offset * shape.count, stride: shape.count, count: images.count)
                ],
                layout: .channelsLast)
        }
        let training = dataset("train", train, offset: 0), moments = ChannelMoments(training, progress: progress)
        var notices = notices
        if let deep = collector.deep {
            notices.append("\(deep): 16 bits a channel, of which the upper 8 are read, as of all such images")
        }
        return DatasetSplits(
            train: training, test: dataset("test", test, offset: train.count), mean: moments.mean,
            deviation: moments.deviation, notices: notices)
    }
}
