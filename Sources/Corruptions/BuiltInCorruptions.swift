import Data
import Failures
import Formats
import Kernels
import Randomness

/// A data set's images under `builtInCorruptions`.
public struct BuiltInCorruptions: CorruptedImages {
    public let source = "builtin"
    public let corruptions: [String]
    /// The corruptions that cannot be made of such images.
    public let unsuited: [String]
    public let count: Int
    private let dataset: any Dataset
    private let seed: UInt64

    /// - Parameters:
    ///   - samples: the first so many images; nil for all.
    ///   - seed: of all random numbers.
    /// - Throws: `Failure.badInput` for data that are no pictures.
    public init(of dataset: any Dataset, samples: Int? = nil, seed: UInt64) throws {
        guard dataset.range == pixelRange else {
            throw Failure.badInput(dataset.name, "is no pictures", expected: "images in [0, 1] to corrupt")
        }
        let suited = builtInCorruptions.filter { $0.suits(dataset.shape) }.map(\.name)
        guard !suited.isEmpty else {
            throw Failure.badInput(dataset.name, "no corruption can be made of \(dataset.shape) images")
        }
        corruptions = suited
        unsuited = builtInCorruptions.map(\.name).filter { !suited.contains($0) }
        count = min(samples ?? dataset.count, dataset.count)
        self.dataset = dataset
        self.seed = seed
    }

    public func images(of corruption: String, severity: Int) throws -> any Dataset {
        guard let found = builtInCorruptions.first(where: { $0.name == corruption }) else {
            preconditionFailure("BuiltInCorruptions: \(corruption)")
        }
        return CorruptedDataset(dataset, by: found, severity: severity, seed: seed, count: count)
    }
}

/// A data set's first images under a corruption, computed as they are read.
struct CorruptedDataset: Dataset {
    let name: String
    let count: Int
    let fingerprint: String
    private let base: any Dataset
    private let corruption: any Corruption
    private let severity: Int
    private let seed: UInt64

    /// Of the images' own making: to be raised where the same arguments come to give other images.
    private static let version = 1

    init(_ base: any Dataset, by corruption: any Corruption, severity: Int, seed: UInt64, count: Int) {
        precondition(CorruptionBenchmark.severities.contains(severity), "CorruptedDataset: severity \(severity)")
        name = "\(base.name) \(corruption.name) \(severity)"
        self.base = base
        self.corruption = corruption
        self.severity = severity
        self.seed = seed
        self.count = count
        let text = "corrupted \(Self.version) \(base.fingerprint) \(corruption.name) \(severity) \(seed) \(count)"
        fingerprint = SHA256.hexDigest(of: Array(text.utf8))
    }

    var shape: ImageShape { base.shape }
    var classNames: [String] { base.classNames }
    var range: ClosedRange<Scalar>? { base.range }

    func label(_ index: Int) -> Int { base.label(index) }

    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        base.read(index, into: image)
        let bytes = (0..<shape.count).map { UInt8((image[$0] * 255).rounded()) }
        var random = RandomStream(
            seed: seed, purpose: .corruption, UInt64(index), corruption.name.streamNumber << 3 | UInt64(severity))
        let corrupted = corruption(PixelImage(shape, bytes), severity: severity, &random)
        precondition(corrupted.shape == shape, "\(corruption.name): \(corrupted.shape) of \(shape)")
        for (place, byte) in corrupted.bytes.enumerated() { image[place] = Scalar(byte) / 255 }
    }
}

extension String {
    /// FNV-1a: a corruption keeps its random numbers whatever others there are.
    fileprivate var streamNumber: UInt64 {
        utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
