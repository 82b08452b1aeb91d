import Kernels

/// Images of one byte an element, in one or several files.
struct ByteImages: Dataset {
    /// A run of images in one file: image i begins at `offset + i * stride`.
    struct Segment: Sendable {
        let bytes: ByteStore
        let offset: Int
        let stride: Int
        let count: Int
        /// For the fingerprint, where it is to be that of another file of the same data: what stands before each image
        /// in the records of that one, as many bytes for each.
        var heads: [UInt8] = []
    }

    let name: String
    private let content: String
    let shape: ImageShape
    let classNames: [String]
    let range: ClosedRange<Scalar>? = pixelRange
    let fingerprint: String
    private let labels: [UInt16]
    private let segments: [Segment]
    private let layout: PixelLayout
    /// The byte that means 1.
    private let white: Scalar

    var count: Int { labels.count }

    /// `labels` and the lengths of `segments` must have been validated. `content` is what the fingerprint calls the
    /// data, where `name` may differ from place to place.
    init(
        name: String, content: String? = nil, shape: ImageShape, classNames: [String], labels: [UInt16],
        segments: [Segment], layout: PixelLayout, white: Int = 255
    ) {
        precondition(
            labels.count == segments.reduce(0) { $0 + $1.count },
            "ByteImages: \(labels.count) labels, \(segments.map(\.count)) images")
        for segment in segments where segment.count > 0 {
            precondition(
                segment.offset + (segment.count - 1) * segment.stride + shape.count <= segment.bytes.count,
                "ByteImages: \(segment.count) images from \(segment.offset) in \(segment.bytes.count) bytes")
        }
        self.name = name
        self.content = content ?? name
        self.shape = shape
        self.classNames = classNames
        self.labels = labels
        self.segments = segments
        self.layout = layout
        self.white = Scalar(white)
        fingerprint = ByteImages.fingerprint(self.content, shape, classNames, labels, segments)
    }

    func label(_ index: Int) -> Int { Int(labels[index]) }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        withBytes(of: index) { source in
            // Divided, not multiplied by the reciprocal: the same values as other frameworks' conversions.
            layout.forEach(shape) { image[$0] = Scalar(source[$1]) / white }
        }
    }

    /// The same images at another size, in memory; as they are where `size` is nil or theirs.
    func resized(to size: ImageSize?, progress: () -> Void) throws -> ByteImages {
        guard let size, size != ImageSize(height: shape.height, width: shape.width) else { return self }
        let new = ImageShape(height: size.height, width: size.width, channels: shape.channels)
        try DecodedLimit.check(count: count, new, name)
        var resampling = Resampling(from: shape, to: size)
        let old = shape.count
        let pixels = [UInt8](unsafeUninitializedCapacity: count * new.count) { pixels, filled in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: old) { image in
                for index in 0..<count {
                    withBytes(of: index) { source in layout.forEach(shape) { image[$0] = source[$1] } }
                    resampling(UnsafeBufferPointer(image), into: pixels.baseAddress.unsafelyUnwrapped + filled)
                    filled += new.count
                    progress()
                }
            }
        }
        return ByteImages(
            name: name, content: content, shape: new, classNames: classNames, labels: labels,
            segments: [Segment(bytes: .memory(pixels), offset: 0, stride: new.count, count: count)],
            layout: .channelsLast, white: Int(white))
    }

    private func withBytes(of index: Int, _ body: (UnsafePointer<UInt8>) -> Void) {
        precondition(index >= 0 && index < count, "\(name): image \(index) of \(count)")
        var local = index
        var place = 0
        while local >= segments[place].count {
            local -= segments[place].count
            place += 1
        }
        let segment = segments[place]
        segment.bytes.withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            body((base + segment.offset + local * segment.stride).assumingMemoryBound(to: UInt8.self))
        }
    }

    private static func fingerprint(
        _ name: String, _ shape: ImageShape, _ classNames: [String], _ labels: [UInt16], _ segments: [Segment]
    ) -> String {
        var fingerprint = Fingerprint(name: name, shape: shape, classNames: classNames, count: labels.count)
        fingerprint.add(labels: labels)
        for segment in segments {
            segment.bytes.withBytes { bytes in
                guard segment.heads.isEmpty else {
                    let length = segment.heads.count / segment.count
                    for index in 0..<segment.count {
                        let start = segment.offset + index * segment.stride
                        if index > 0 {
                            segment.heads[index * length..<(index + 1) * length].withUnsafeBytes { fingerprint.add($0) }
                        }
                        fingerprint.add(UnsafeRawBufferPointer(rebasing: bytes[start..<start + shape.count]))
                    }
                    return
                }
                // Neighbouring records go in as one run: labels between them are known good and cost nothing.
                let length = segment.count * segment.stride
                let end = min(segment.offset + length, bytes.count)
                fingerprint.add(UnsafeRawBufferPointer(rebasing: bytes[segment.offset..<end]))
            }
        }
        return fingerprint.text()
    }
}
