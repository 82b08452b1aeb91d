import Failures
import Formats
import Kernels

/// Images of floating point in [0, 1].
struct FloatImages: Dataset {
    let name: String
    let shape: ImageShape
    let classNames: [String]
    let range: ClosedRange<Scalar>? = pixelRange
    let fingerprint: String
    private let labels: [UInt16]
    private let elementType: ElementType
    private let segment: ByteImages.Segment
    private let layout: PixelLayout

    var count: Int { labels.count }

    /// `labels` and the length of `segment` must have been validated. Throws `Failure.badInput` naming `place` for
    /// values outside of [0, 1].
    init(
        name: String, content: String, place: String, shape: ImageShape, classNames: [String], labels: [UInt16],
        elementType: ElementType, segment: ByteImages.Segment, layout: PixelLayout
    ) throws {
        precondition(labels.count == segment.count, "FloatImages: \(labels.count) labels, \(segment.count) images")
        self.name = name
        self.shape = shape
        self.classNames = classNames
        self.labels = labels
        self.elementType = elementType
        self.segment = segment
        self.layout = layout
        var fingerprint = Fingerprint(
            name: "\(content) \(elementType.rawValue)", shape: shape, classNames: classNames, count: labels.count)
        fingerprint.add(labels: labels)
        segment.bytes.withBytes { bytes in
            let start = segment.offset
            fingerprint.add(UnsafeRawBufferPointer(rebasing: bytes[start..<start + segment.count * segment.stride]))
        }
        self.fingerprint = fingerprint.text()
        try requirePixels(place)
    }

    func label(_ index: Int) -> Int { Int(labels[index]) }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        precondition(index >= 0 && index < count, "\(name): image \(index) of \(count)")
        segment.bytes.withBytes { bytes in
            let start = segment.offset + index * segment.stride
            switch elementType {
            case .float16: read(bytes, start, into: image) { (value: Float16) in Scalar(value) }
            case .float64: read(bytes, start, into: image) { (value: Double) in Scalar(value) }
            default: read(bytes, start, into: image) { (value: Float) in Scalar(value) }
            }
        }
    }

    @inline(__always)
    private func read<Element: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, into image: UnsafeMutablePointer<Scalar>,
        _ convert: (Element) -> Scalar
    ) {
        layout.forEach(shape) { place, stored in
            image[place] = convert(
                bytes.loadUnaligned(fromByteOffset: start + stored * MemoryLayout<Element>.size, as: Element.self))
        }
    }

    private func requirePixels(_ place: String) throws {
        var image = [Scalar](repeating: 0, count: shape.count)
        for index in 0..<count {
            image.withUnsafeMutableBufferPointer { read(index, into: $0.baseAddress.unsafelyUnwrapped) }
            guard let odd = image.first(where: { !($0 >= 0 && $0 <= 1) }) else { continue }
            let advice =
                odd > 1 && odd <= 255
                ? "; values from 0 to 255 are divided by 255, or stored as bytes"
                : odd < 0 ? "; what normalises images is model.normalize, not the data" : ""
            throw Failure.badInput(
                place, "image \(grouped(index)) has the value \(odd)", expected: "values in [0, 1]\(advice)")
        }
    }
}
