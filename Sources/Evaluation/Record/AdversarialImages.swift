import Data
import Distributed
import Failures
import Kernels

/// The first misclassified image found of each sample. Ranks keep what they find until a stage ends; rank 0 keeps all.
final class AdversarialImages {
    private let communicator: any Communicator
    let size: Int
    /// Found on this rank in this stage.
    private var found: [Int: [Scalar]] = [:]
    /// Samples whose images were found in earlier stages. The same on every rank.
    private var isSettled: [Bool]
    /// On rank 0 [N, H, W, C], clean images at first; empty elsewhere.
    private(set) var all: [Scalar]

    init(_ dataset: any Dataset, samples: Int, _ communicator: any Communicator) {
        self.communicator = communicator
        let size = dataset.shape.count, isRoot = communicator.rank == 0
        self.size = size
        isSettled = Array(repeating: false, count: samples)
        var images = [Scalar](repeating: 0, count: isRoot ? samples * size : 0)
        images.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, isRoot else { return }
            dataset.read(0..<samples, into: base)
        }
        all = images
    }

    /// Keeps an image unless the sample has one.
    func keep(_ sample: Int, _ image: Source) {
        guard !isSettled[sample], found[sample] == nil else { return }
        found[sample] = Array(UnsafeBufferPointer(start: image, count: size))
    }

    /// The image of a sample that was found in this stage, on the rank that found it and, once collected, on rank 0.
    func image(_ sample: Int) -> [Scalar]? { found[sample] }

    /// Brings this stage's images to rank 0. Collective.
    func collect(broken: [Bool]) throws {
        guard communicator.size > 1 else { return }
        // A bounded number of each rank a round, which bounds the memory that messages take.
        let mine = communicator.rank == 0 ? [] : found.keys.sorted()
        let most = try communicator.allGatherValue(mine.count).max() ?? 0
        for start in stride(from: 0, to: most, by: Self.imagesARound) {
            let some = mine.dropFirst(start).prefix(Self.imagesARound)
            let numbers = some.flatMap { found[$0] ?? [] }
            let message = some.map(Int64.init).withUnsafeBytes { Array($0) } + numbers.withUnsafeBytes { Array($0) }
            for (rank, bytes) in try communicator.gather(message, to: 0).enumerated() where rank > 0 {
                try take(bytes, from: rank, allowed: broken)
            }
        }
    }

    private static let imagesARound = 256

    private func take(_ bytes: [UInt8], from rank: Int, allowed: [Bool]) throws {
        let imageBytes = size * MemoryLayout<Scalar>.stride, record = MemoryLayout<Int64>.stride + imageBytes
        let count = bytes.count / record
        guard bytes.count == count * record else {
            throw Failure(.internalError, "adversarial images: \(bytes.count) bytes from rank \(rank)")
        }
        try bytes.withUnsafeBytes { from in
            for place in 0..<count {
                let sample = Int(from.loadUnaligned(fromByteOffset: place * 8, as: Int64.self))
                guard allowed.indices.contains(sample), allowed[sample] else {
                    throw Failure(.internalError, "adversarial images: sample \(sample) from rank \(rank)")
                }
                let start = count * 8 + place * imageBytes
                found[sample] = [Scalar](unsafeUninitializedCapacity: size) { image, filled in
                    UnsafeMutableRawBufferPointer(image).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: from[start..<start + imageBytes]))
                    filled = size
                }
            }
        }
    }

    /// Ends a stage that broke these samples, on every rank, after `collect`.
    func seal(broken: [Bool]) {
        if communicator.rank == 0 {
            for (sample, image) in found { all.replaceSubrange(sample * size..<(sample + 1) * size, with: image) }
        }
        found = [:]
        for sample in broken.indices where broken[sample] { isSettled[sample] = true }
    }
}
