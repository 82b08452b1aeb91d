import Data
import Failures
import Formats
import Kernels

/// The target gradients of a file.
struct StoredTargets: TargetSource {
    let file: SafetensorsFile
    let entry: SafetensorsEntry
    let train: Subset
    private(set) var contentHash: String?
    private(set) var notices: [String] = []

    init(file: SafetensorsFile, entry: SafetensorsEntry, train: Subset) {
        self.file = file
        self.entry = entry
        self.train = train
    }

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        file.withBytes(of: entry) { bytes in
            let vector = vector(bytes, index, target)
            PixelLayout.planes.forEach(train.shape) { place, stored in out[place] = Scalar(vector[stored]) }
            // Only directions count. Rare: one vector in a file of a strange unit is read again in a better one.
            guard let scale = vector.rescaling else { return }
            PixelLayout.planes.forEach(train.shape) { place, stored in out[place] = Scalar(vector[stored] * scale) }
        }
    }

    private func vector(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ target: Int) -> StoredVector {
        let count = train.shape.count
        return StoredVector(
            bytes: bytes, elementType: entry.elementType,
            first: (train.indices[index] * entry.shape[1] + target) * count, count: count)
    }

    // MARK: What the file holds

    /// Images of one task of the survey.
    private static let block = 64

    /// Looks at the targets of every image that is trained on. Throws `badInput` for numbers that are not finite, and
    /// where all targets are zero. Collective.
    mutating func survey(sharing work: any WorkSharing) throws {
        let blocks = (train.count + Self.block - 1) / Self.block, classes = entry.shape[1]
        let found = try work.share(blocks) { block in
            let images = (block * Self.block)..<min(train.count, (block + 1) * Self.block)
            return survey(of: images).map { Int32(truncatingIfNeeded: $0) }
        }
        var hash = SHA256(), zero = 0, constant = 0, alike = 0
        hash.update(entry.elementType.rawValue)
        for block in found {
            hash.update(UInt64(UInt32(bitPattern: block[0])))
            zero += Int(block[1])
            constant += Int(block[2])
            alike += Int(block[3])
            guard block[4] >= 0 else { continue }
            throw Failure.badInput(
                file.path, "a target gradient of image \(train.indices[Int(block[4])]) is not finite",
                expected: "finite numbers")
        }
        let all = train.count * classes
        guard zero < all else {
            throw Failure.badInput(
                file.path, "all \(all) target gradients of the images that are trained on are zero",
                expected: "directions toward the classes")
        }
        contentHash = hash.hexDigest()
        for (count, word) in [(zero, "zero"), (constant, "the same in every pixel")] where count > 0 {
            notices.append("\(file.path): \(count) of \(all) target gradients are \(word), and teach nothing")
        }
        if alike > 0 {
            notices.append(
                "\(file.path): \(alike) of \(train.count) images have one target gradient for all classes, which tells no "
                    + "class from another")
        }
    }

    /// Checksum, zero vectors, constant vectors, images whose classes all have the same vector that is neither, and the
    /// first image with a number that is not finite, or -1.
    private func survey(of images: Range<Int>) -> [Int] {
        file.withBytes(of: entry) { bytes in
            var checksum = CRC32C(), zero = 0, constant = 0, alike = 0, strange = -1
            for index in images {
                let first = vector(bytes, index, 0).bytesOfIt
                var isAlike = true
                for target in 0..<entry.shape[1] {
                    let vector = vector(bytes, index, target), bounds = vector.bounds
                    checksum.update(vector.bytesOfIt)
                    if bounds == nil, strange < 0 { strange = index }
                    if isAlike { isAlike = vector.bytesOfIt.elementsEqual(first) }
                    guard let bounds, bounds.lowerBound == bounds.upperBound else { continue }
                    isAlike = false
                    if bounds.lowerBound == 0 { zero += 1 } else { constant += 1 }
                }
                if isAlike { alike += 1 }
            }
            return [Int(checksum.value), zero, constant, alike, strange]
        }
    }
}

/// One target gradient as it is stored.
private struct StoredVector {
    let bytes: UnsafeRawBufferPointer
    let elementType: ElementType
    let first: Int
    let count: Int

    private var width: Int { elementType == .float16 ? 2 : elementType == .float64 ? 8 : 4 }
    var bytesOfIt: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(first * width)..<((first + count) * width)])
    }

    subscript(index: Int) -> Double {
        switch elementType {
        case .float16: Double(bytes.loadUnaligned(fromByteOffset: 2 * (first + index), as: Float16.self))
        case .float64: bytes.loadUnaligned(fromByteOffset: 8 * (first + index), as: Double.self)
        default: Double(bytes.loadUnaligned(fromByteOffset: 4 * (first + index), as: Float.self))
        }
    }

    /// The least and the largest number; nil where one is not finite.
    var bounds: ClosedRange<Double>? {
        var least = Double.infinity, largest = -Double.infinity, sum = 0.0
        for index in 0..<count {
            let value = self[index]
            least = min(least, value)
            largest = max(largest, value)
            // Anything times zero is zero, but for what is not finite.
            sum += value * 0
        }
        return sum == 0 ? least...largest : nil
    }

    /// A power of two, which changes no direction, for numbers whose squares leave the range of single precision or
    /// whose norm would count as zero; nil where they are as they should be.
    var rescaling: Double? {
        guard let bounds else { return nil }
        let size = max(abs(bounds.lowerBound), abs(bounds.upperBound))
        guard size > 0, !(1e-9...1e12).contains(size) else { return nil }
        return Double(sign: .plus, exponent: -max(-1000, size.exponent), significand: 1)
    }
}
