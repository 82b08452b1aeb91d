import Configuration
import Data
import Formats
import Kernels
import Randomness

/// g(x, t) = a random unit vector, drawn once and for all: a control that has nothing to do with the classes' looks.
struct RandomVectors: TargetConfiguration {
    /// What has a vector of its own.
    enum Scope: String, Sendable, CaseIterable {
        /// One vector for every image and class.
        case image
        /// One vector a class, the same for all images.
        case `class`
    }
    /// What has a vector of its own.
    var per = Scope.image

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("per", &per)
    }

    var inputFiles: [InputFile] { [] }
    var withoutPlaces: any TargetConfiguration { self }

    func prepare(_ context: TargetContext) throws -> any TargetSource {
        DrawnVectors(indices: context.train.indices, size: context.train.shape.count, per: per, seed: context.seed)
    }
    func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)? {
        per == .class
            ? DrawnVectors(indices: [], size: context.train.shape.count, per: per, seed: context.seed) : nil
    }
}

private struct DrawnVectors: TargetSource, UnseenTargets {
    /// The number of each training image in its data set: what vectors are keyed by.
    let indices: [Int]
    let size: Int
    let per: RandomVectors.Scope
    let seed: UInt64
    var contentHash: String? { nil }
    var notices: [String] { [] }

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        write(key: per == .image ? UInt64(indices[index]) + 1 : 0, target: target, into: out)
    }
    func write(pixels: Source, target: Int, into out: Destination) { write(key: 0, target: target, into: out) }

    private func write(key: UInt64, target: Int, into out: Destination) {
        var stream = RandomStream(seed: seed, purpose: .controlTargets, key, UInt64(target))
        var square = 0.0
        for i in 0..<size {
            let number = stream.normal()
            square += number * number
            out[i] = Scalar(number)
        }
        let factor = Scalar(1 / square.squareRoot())
        for i in 0..<size { out[i] *= factor }
    }
}
