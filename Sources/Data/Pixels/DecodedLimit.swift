import Failures

/// What images may take in the memory of each process, where they are not read from a mapped file.
enum DecodedLimit {
    static let bytes = 8 << 30

    /// - Throws: `Failure.badInput` where `count` images of one byte an element take more.
    static func check(count: Int, _ shape: ImageShape, _ place: String) throws {
        let (total, overflow) = count.multipliedReportingOverflow(by: shape.count)
        guard !overflow, total <= bytes else {
            throw Failure.badInput(
                place, "\(grouped(count)) images of \(shape) take more than \(bytes >> 30) GiB of memory",
                expected: "fewer or smaller images, see data.resize")
        }
    }
}
