import Failures

/// The pixels of image files, one after the other: all of one size, and all grey or all RGB.
struct ImageCollector {
    private let size: ImageSize?
    private let expected: Int
    private let place: String
    private var first: (path: String, size: ImageSize)?
    private var resampling: (source: ImageShape, Resampling)?
    private var decoded: [UInt8] = []
    private var resized: [UInt8] = []
    private(set) var pixels: [UInt8] = []
    /// Of the images so far.
    private(set) var shape: ImageShape?
    private(set) var count = 0
    /// The first image of more than 8 bits a channel.
    private(set) var deep: String?

    /// `size` nil: all images must be of the size of the first. `expected` images will come.
    init(resizingTo size: ImageSize?, expected: Int, place: String) {
        self.size = size
        self.expected = expected
        self.place = place
    }

    mutating func add(_ path: String) throws {
        let file = try ImageFile(path)
        let found = ImageSize(height: file.shape.height, width: file.shape.width)
        if size == nil, let first, first.size != found {
            throw Failure.badInput(
                path, "an image of \(found.height)x\(found.width)",
                expected: "\(first.size.height)x\(first.size.width) as \(first.path), or data.resize: [height, width] "
                    + "for images of different sizes")
        }
        if first == nil { first = (path, found) }
        if file.bits > 8, deep == nil { deep = path }
        try decode(file)
        let target = size ?? found
        try append(
            ImageShape(height: target.height, width: target.width, channels: file.shape.channels),
            from: target == found ? decoded : resize(file.shape, to: target))
        count += 1
    }

    private mutating func decode(_ file: ImageFile) throws {
        if decoded.count != file.shape.count { decoded = [UInt8](repeating: 0, count: file.shape.count) }
        try decoded.withUnsafeMutableBufferPointer { try file.decode(into: $0.baseAddress.unsafelyUnwrapped) }
    }

    private mutating func resize(_ source: ImageShape, to target: ImageSize) -> [UInt8] {
        if resampling?.source != source { resampling = (source, Resampling(from: source, to: target)) }
        let count = target.height * target.width * source.channels
        if resized.count != count { resized = [UInt8](repeating: 0, count: count) }
        decoded.withUnsafeBufferPointer { decoded in
            resized.withUnsafeMutableBufferPointer {
                resampling?.1(decoded, into: $0.baseAddress.unsafelyUnwrapped)
            }
        }
        return resized
    }

    /// Grey images become RGB as soon as one is.
    private mutating func append(_ found: ImageShape, from bytes: [UInt8]) throws {
        let channels = max(found.channels, shape?.channels ?? 1)
        if channels != shape?.channels {
            let shape = ImageShape(height: found.height, width: found.width, channels: channels)
            try DecodedLimit.check(count: expected, shape, place)
            if count > 0 { pixels = Self.tripled(pixels) }
            self.shape = shape
            pixels.reserveCapacity(expected * shape.count)
        }
        if found.channels == channels { pixels += bytes } else { pixels += Self.tripled(bytes) }
    }

    private static func tripled(_ grey: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 3 * grey.count) { rgb, count in
            for (i, value) in grey.enumerated() {
                for c in 0..<3 { rgb[3 * i + c] = value }
            }
            count = 3 * grey.count
        }
    }
}
