import Kernels

/// Images of one byte an element, in one or several files.
struct ByteImages: Dataset {
    /// How a file orders the elements of an image.
    enum Layout: Sendable {
        case channelsLast
        /// A plane a channel, each row by row (CIFAR).
        case planes
        /// A plane a channel, each column by column (STL-10).
        case columnMajorPlanes
    }

    /// A run of images in one file: image i begins at `offset + i * stride`.
    struct Segment: Sendable {
        let bytes: ByteStore
        let offset: Int
        let stride: Int
        let count: Int
    }

    let name: String
    let shape: ImageShape
    let classNames: [String]
    let range: ClosedRange<Scalar>? = pixelRange
    let fingerprint: String
    private let labels: [UInt8]
    private let segments: [Segment]
    private let layout: Layout
    /// The byte that means 1.
    private let white: Scalar

    var count: Int { labels.count }

    /// `labels` and the lengths of `segments` must have been validated.
    init(
        name: String, shape: ImageShape, classNames: [String], labels: [UInt8], segments: [Segment], layout: Layout,
        white: Int = 255
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
        self.shape = shape
        self.classNames = classNames
        self.labels = labels
        self.segments = segments
        self.layout = layout
        self.white = Scalar(white)
        fingerprint = ByteImages.fingerprint(name, shape, classNames, labels, segments)
    }

    func label(_ index: Int) -> Int { Int(labels[index]) }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
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
            let source = (base + segment.offset + local * segment.stride).assumingMemoryBound(to: UInt8.self)
            let (height, width, channels) = (shape.height, shape.width, shape.channels)
            // Divided, not multiplied by the reciprocal: the same values as other frameworks' conversions.
            switch layout {
            case .channelsLast:
                for i in 0..<shape.count { image[i] = Scalar(source[i]) / white }
            case .planes:
                for c in 0..<channels {
                    let plane = source + c * height * width
                    for i in 0..<height * width { image[i * channels + c] = Scalar(plane[i]) / white }
                }
            case .columnMajorPlanes:
                for c in 0..<channels {
                    let plane = source + c * height * width
                    for y in 0..<height {
                        for x in 0..<width {
                            image[(y * width + x) * channels + c] = Scalar(plane[x * height + y]) / white
                        }
                    }
                }
            }
        }
    }

    private static func fingerprint(
        _ name: String, _ shape: ImageShape, _ classNames: [String], _ labels: [UInt8], _ segments: [Segment]
    ) -> String {
        var fingerprint = Fingerprint(name: name, shape: shape, classNames: classNames, count: labels.count)
        labels.withUnsafeBytes { fingerprint.add($0) }
        for segment in segments {
            segment.bytes.withBytes { bytes in
                // Neighbouring records go in as one run: labels between them are known good and cost nothing.
                let length = segment.count * segment.stride
                let end = min(segment.offset + length, bytes.count)
                fingerprint.add(UnsafeRawBufferPointer(rebasing: bytes[segment.offset..<end]))
            }
        }
        return fingerprint.text()
    }
}
