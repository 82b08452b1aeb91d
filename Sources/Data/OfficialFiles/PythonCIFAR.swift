import Failures
import Formats

/// The Python versions of CIFAR-10 and CIFAR-100, which torchvision downloads: pickles of a dictionary with the pixels,
/// a row of bytes an image, and the labels. Nothing in them is run.
enum PythonCIFAR {
    /// Images, labels and where the images begin. As data they are the same as those of the binary versions.
    /// - Parameters:
    ///   - key: what the labels are called.
    ///   - others: the lists of further labels that stand before them in a record of the binary version.
    static func batch(
        _ path: String, _ content: String, labels key: String, others: [String], classes: Int, imageBytes size: Int
    ) throws -> (labels: [UInt16], segment: ByteImages.Segment) {
        let file = try DataFile.map(path, content)
        guard PickledBatch.isPickle(file.bytes) else {
            throw FileFormat.refusal(path, file.bytes, expected: [], words: content)
                ?? Failure.badInput(path, "not a pickle", expected: content)
        }
        let batch = try PickledBatch(file.bytes, source: path)
        guard let pixels = batch.arrays["data"], let numbers = batch.integers[key] else {
            throw Failure.badInput(path, "a pickle without data and \(key)", expected: content)
        }
        guard pixels.shape == [numbers.count, size], !numbers.isEmpty else {
            throw Failure.badInput(
                path, "an array of \(pixels.shape) and \(grouped(numbers.count)) labels",
                expected: "rows of \(grouped(size)) bytes and a label for each")
        }
        if let record = numbers.firstIndex(where: { $0 < 0 || $0 >= classes }) {
            throw Failure.badInput(
                path, "record \(grouped(record)) has label \(numbers[record])", expected: "0 to \(classes - 1)")
        }
        let lists = others.map { batch.integers[$0] ?? [] } + [numbers]
        let heads = numbers.indices.flatMap { record in
            lists.map { UInt8(truncatingIfNeeded: $0.dropFirst(record).first ?? 0) }
        }
        return (
            numbers.map { UInt16($0) },
            .init(
                bytes: .mapped(file), offset: pixels.range.lowerBound, stride: size, count: numbers.count, heads: heads)
        )
    }
}
