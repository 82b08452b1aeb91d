import Failures
import Formats

/// An array of numbers in a file, little-endian and in C order.
struct NumericArray {
    /// The file, and the array's name where there are several.
    let place: String
    let elementType: ElementType
    let shape: [Int]
    let bytes: ByteStore
    let offset: Int

    var count: Int { shape.reduce(1, *) }

    /// Class numbers. Throws `Failure.badInput` unless there is one integer for each image.
    func labels() throws -> [Int] {
        guard shape.count == 1 || (shape.count == 2 && shape[1] == 1) else {
            throw Failure.badInput(
                place, "labels of the shape \(shape)",
                expected: shape.count == 2
                    ? "one class number an image, such as the argmax of one-hot rows" : "one class number an image")
        }
        return try bytes.withBytes { bytes in
            switch elementType {
            case .bool, .uint8: converted(bytes) { (value: UInt8) in Int(value) }
            case .int8: converted(bytes) { (value: Int8) in Int(value) }
            case .uint16: converted(bytes) { (value: UInt16) in Int(value) }
            case .int16: converted(bytes) { (value: Int16) in Int(value) }
            case .uint32: converted(bytes) { (value: UInt32) in Int(value) }
            case .int32: converted(bytes) { (value: Int32) in Int(value) }
            case .uint64: converted(bytes) { (value: UInt64) in Int(clamping: value) }
            case .int64: converted(bytes) { (value: Int64) in Int(value) }
            default: throw Failure.badInput(place, "labels of type \(elementType.rawValue)", expected: "integers")
            }
        }
    }

    private func converted<Element: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ convert: (Element) -> Int
    ) -> [Int] {
        (0..<count).map { i in
            convert(bytes.loadUnaligned(fromByteOffset: offset + i * MemoryLayout<Element>.size, as: Element.self))
        }
    }
}
