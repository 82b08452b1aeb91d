import Failures
import Formats
import Kernels

/// Images and labels as pairs of arrays, under the names of Keras' and MedMNIST's files, or one pair of which a part is
/// held out.
///
/// Images are [N, H, W], [N, H, W, C] or [N, C, H, W]: bytes, or floating point in [0, 1].
enum LabelledArrays {
    private static let largestLabel = 9_999
    private static let mostChannels = 64
    /// The numbers of channels by which an axis is known to be that of the channels.
    private static let usualChannels: Set<Int> = [1, 3, 4]

    private static let divided = [
        (train: ("x_train", "y_train"), test: ("x_test", "y_test")),
        (train: ("train_images", "train_labels"), test: ("test_images", "test_labels")),
        (train: ("x_train", "y_train"), test: ("x_val", "y_val")),
        (train: ("train_images", "train_labels"), test: ("val_images", "val_labels")),
    ]
    private static let pairs = [("images", "labels"), ("x", "y")]
    private static let expectation =
        "x_train, y_train, x_test, y_test, or train_images, train_labels, test_images, test_labels, or one pair images, "
        + "labels or x, y"

    static func open(
        _ arrays: any ArrayCollection, _ selection: DataSelection, progress: () -> Void
    ) throws -> DatasetSplits {
        let names = arrays.names, known = Set(names), name = DataFile.name(of: arrays.path)
        var used: Set<String>, notices: [String] = []
        let train: Part, test: Part?
        let present = divided.filter { known.contains($0.train.0) }
        if let names = present.first(where: { known.contains($0.test.0) }) ?? present.first {
            train = try Part(arrays, names.train, selection)
            test = try Part(arrays, names.test, selection)
            used = [names.train.0, names.train.1, names.test.0, names.test.1]
        } else if let names = pairs.first(where: { known.contains($0.0) }) {
            train = try Part(arrays, names, selection)
            test = nil
            used = [names.0, names.1]
        } else {
            let found = names.isEmpty ? "no arrays" : "arrays called " + listed(names)
            throw Failure.badInput(arrays.path, found, expected: expectation)
        }
        let unread = names.filter { !used.contains($0) }
        if !unread.isEmpty {
            notices.append("\(arrays.path): not read: \(listed(unread))")
        }
        let classNames = try classNames(arrays, train, test)
        let splits = try splits(train, test, name, classNames, &notices, arrays.path, progress)
        let moments = ChannelMoments(splits.train, progress: progress)
        return DatasetSplits(
            train: splits.train, test: splits.test, mean: moments.mean, deviation: moments.deviation, notices: notices)
    }

    /// Names from a file, which may hold anything.
    private static func listed(_ names: [String]) -> String {
        names.prefix(20).map { String($0.prefix(40)).debugDescription }.joined(separator: ", ")
            + (names.count > 20 ? ", ..." : "")
    }

    /// Images and their labels, found to go together.
    private struct Part {
        let images: NumericArray
        let shape: ImageShape
        let layout: PixelLayout
        let labels: [Int]
        private let size: ImageSize?

        init(_ arrays: any ArrayCollection, _ names: (String, String), _ selection: DataSelection) throws {
            for name in [names.0, names.1] where !arrays.names.contains(name) {
                throw Failure.badInput(arrays.path, "no array \(name.debugDescription)", expected: expectation)
            }
            size = selection.size
            images = try arrays.array(names.0)
            (shape, layout) = try LabelledArrays.shape(images, selection.channels)
            let labelArray = try arrays.array(names.1)
            labels = try labelArray.labels()
            guard labels.count == images.shape[0] else {
                throw Failure.badInput(
                    labelArray.place, "\(grouped(labels.count)) labels",
                    expected: "\(grouped(images.shape[0])), as many as images in \(names.0)")
            }
            guard !labels.isEmpty else { throw Failure.badInput(images.place, "no images") }
            if let place = labels.firstIndex(where: { $0 < 0 || $0 > largestLabel }) {
                throw Failure.badInput(
                    labelArray.place, "label \(labels[place]) of image \(grouped(place))",
                    expected: "0 to \(grouped(largestLabel))")
            }
        }

        /// Images of bytes are resized where that is asked for.
        func dataset(
            _ name: String, content: String, _ classNames: [String], progress: () -> Void
        ) throws -> any Dataset {
            let segment = ByteImages.Segment(
                bytes: images.bytes, offset: images.offset, stride: shape.count * images.elementType.bitCount / 8,
                count: labels.count)
            let labels = labels.map { UInt16($0) }
            if images.elementType == .uint8 {
                let images = ByteImages(
                    name: name, content: content, shape: shape, classNames: classNames, labels: labels,
                    segments: [segment], layout: layout)
                return try images.resized(to: size, progress: progress)
            }
            return try FloatImages(
                name: name, content: content, place: images.place, shape: shape, classNames: classNames, labels: labels,
                elementType: images.elementType, segment: segment, layout: layout)
        }
    }

    /// Which axis is that of the channels, the shape tells where one alone can be.
    private static func shape(
        _ images: NumericArray, _ channels: ChannelOrder?
    ) throws -> (ImageShape, PixelLayout) {
        let extents = images.shape
        guard images.elementType == .uint8 || [.float16, .float32, .float64].contains(images.elementType) else {
            throw Failure.badInput(
                images.place, "images of type \(images.elementType.rawValue)",
                expected: "bytes (U8), or floating point in [0, 1]")
        }
        guard extents.count == 3 || extents.count == 4 else {
            throw Failure.badInput(
                images.place, "images of the shape \(extents)", expected: "[N, H, W], [N, H, W, C] or [N, C, H, W]")
        }
        guard extents.allSatisfy({ $0 > 0 }) else { throw Failure.badInput(images.place, "no images: \(extents)") }
        guard extents.dropFirst().allSatisfy({ $0 <= 4096 }) else {
            throw Failure.badInput(images.place, "images of the shape \(extents)", expected: "sides of at most 4,096")
        }
        if extents.count == 3 {
            return (ImageShape(height: extents[1], width: extents[2], channels: 1), .channelsLast)
        }
        let order: ChannelOrder
        switch (channels, usualChannels.contains(extents[1]), usualChannels.contains(extents[3])) {
        case (let said?, _, _): order = said
        case (nil, true, false): order = .first
        case (nil, false, true): order = .last
        default:
            throw Failure.badInput(
                images.place,
                "images of the shape \(extents), of which the channels may be the second or the last axis",
                expected: "data.channels: first or last to say it")
        }
        let (height, width, count) =
            order == .first ? (extents[2], extents[3], extents[1]) : (extents[1], extents[2], extents[3])
        guard count <= mostChannels else {
            throw Failure.badInput(images.place, "images of \(count) channels", expected: "at most \(mostChannels)")
        }
        return (
            ImageShape(height: height, width: width, channels: count), order == .first ? .planes : .channelsLast
        )
    }

    /// The file's, or numbers up to the largest label. Every class must have images in every part.
    private static func classNames(_ arrays: any ArrayCollection, _ train: Part, _ test: Part?) throws -> [String] {
        let count = 1 + (train.labels.max() ?? 0)
        let names = try arrays.classNames() ?? (0..<max(count, 2)).map(String.init)
        for (part, title) in [(train, "train"), (test, "test")] {
            guard let part else { continue }
            let present = Set(part.labels)
            if let unknown = present.first(where: { $0 >= names.count }) {
                throw Failure.badInput(
                    arrays.path, "label \(unknown) among the \(title) labels", expected: "0 to \(names.count - 1)")
            }
            if let empty = names.indices.first(where: { !present.contains($0) }) {
                throw Failure.badInput(
                    arrays.path, "no \(title) image of class \(empty) of 0 to \(names.count - 1)",
                    expected: "images of every class, numbered from 0")
            }
        }
        return names
    }

    private static func splits(
        _ train: Part, _ test: Part?, _ name: String, _ classNames: [String], _ notices: inout [String], _ path: String,
        _ progress: () -> Void
    ) throws -> (train: any Dataset, test: any Dataset) {
        if let test {
            guard test.shape == train.shape, test.images.elementType == train.images.elementType else {
                throw Failure.badInput(
                    test.images.place, "\(test.images.elementType.rawValue) images of \(test.shape)",
                    expected: "\(train.images.elementType.rawValue) images of \(train.shape) as \(train.images.place)")
            }
            return (
                try train.dataset("\(name) train", content: "images train", classNames, progress: progress),
                try test.dataset("\(name) test", content: "images test", classNames, progress: progress)
            )
        }
        var members = [[Int]](repeating: [], count: classNames.count)
        for (image, label) in train.labels.enumerated() { members[label].append(image) }
        var kept: [Int] = [], heldOut: [[Int]] = []
        for (label, images) in members.enumerated() {
            guard let split = HeldOut.split(images.map(String.init)) else {
                throw Failure.badInput(
                    path, "one image of class \(label)", expected: "at least two: one to train on and one to test")
            }
            kept += split.train.map { images[$0] }
            heldOut.append(split.test.map { images[$0] })
        }
        let held = HeldOut.interleaved(heldOut).map(\.image)
        notices.append("\(path): \(HeldOut.numberedRule), \(grouped(held.count)) images")
        let all = try train.dataset(name, content: "images", classNames, progress: progress)
        return (
            Subset(all, indices: kept.sorted(), name: "\(name) train"),
            Subset(all, indices: held, name: "\(name) test")
        )
    }
}
