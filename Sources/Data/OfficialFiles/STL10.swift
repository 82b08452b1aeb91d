/// STL-10 (A. Coates, H. Lee, A. Y. Ng, AISTATS 2011), the labelled images of its binary version.
///
/// `*_X.bin`: 96x96 pixels as a red, a green and a blue plane, column by column. `*_y.bin`: a byte an image, 1 to 10.
enum STL10 {
    private static let shape = ImageShape(height: 96, width: 96, channels: 3)
    private static let classNames = [
        "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
    ]

    /// `train_X.bin` and `train_y.bin` with 5,000 images, `test_X.bin` and `test_y.bin` with 8,000.
    /// - Throws: `Failure.badInput` for missing files, wrong sizes and labels outside 1 to 10.
    static func open(_ directory: String) throws -> DatasetSplits {
        try DataFile.requireDirectory(directory, of: "the STL-10 files")
        let found = OfficialFolder.stl10.find(in: directory), folder = found ?? directory
        if found == nil { try OfficialFolder.requireNothingElse(in: directory, than: "STL-10") }
        // Mean and deviation: of the 5,000 training images.
        return DatasetSplits(
            train: try split(folder, "train", count: 5000), test: try split(folder, "test", count: 8000),
            mean: [0.4467, 0.4398, 0.4066], deviation: [0.2603, 0.2566, 0.2713])
    }

    private static func split(_ directory: String, _ part: String, count: Int) throws -> ByteImages {
        let images = try DataFile.map(
            "\(directory)/\(part)_X.bin", "\(grouped(count)) images of STL-10", byteCount: count * shape.count)
        let labelPath = "\(directory)/\(part)_y.bin"
        let labelFile = try DataFile.map(labelPath, "\(grouped(count)) labels of STL-10", byteCount: count)
        let labels = try DataFile.labels(
            labelFile.bytes, offset: 0, stride: 1, count: count, first: 1, classes: classNames.count, path: labelPath)
        let segment = ByteImages.Segment(bytes: .mapped(images), offset: 0, stride: shape.count, count: count)
        return ByteImages(
            name: "STL-10 \(part)", shape: shape, classNames: classNames, labels: labels, segments: [segment],
            layout: .columnMajorPlanes)
    }
}
