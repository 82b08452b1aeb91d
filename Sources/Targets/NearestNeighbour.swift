import Configuration
import Data
import Formats
import Kernels
import Randomness

/// g(x, t) = r - x with r the training image of class t nearest to x in L2, x itself excluded.
public struct NearestNeighbour: TargetConfiguration {
    /// Images of each class among which the nearest is sought, drawn once from the seed; null: all of them.
    public var sample: Int?

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.optional("sample", &sample, check: .positive)
    }

    public var inputFiles: [InputFile] { [] }
    public var withoutPlaces: any TargetConfiguration { self }

    public func prepare(_ context: TargetContext) throws -> any TargetSource {
        let candidates = try candidates(context)
        let queries = context.train.count, block = NeighbourSearch.queries
        let blocks = (queries + block - 1) / block
        var search: (target: Int, NeighbourSearch)?
        // Class by class, so that a rank loads a class's images once.
        let found = try context.work.share(candidates.count * blocks) { task in
            let target = task / blocks, start = task % blocks * block
            if search?.target != target {
                search = nil
                search = (target, NeighbourSearch(context.train, candidates: candidates[target]))
            }
            return search?.1.nearest(to: start..<min(queries, start + block)) ?? []
        }
        let neighbours = (0..<candidates.count).map { target in
            Array(found[(target * blocks)..<((target + 1) * blocks)].joined())
        }
        return Neighbours(train: context.train, neighbours: neighbours, notices: try notices(context))
    }

    public func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)? {
        Candidates(train: context.train, candidates: try candidates(context))
    }

    /// Of the smallest class, which is said for all.
    private func notices(_ context: TargetContext) throws -> [String] {
        let sizes = try context.members().map(\.count)
        guard let least = sizes.indices.min(by: { sizes[$0] < sizes[$1] }) else { return [] }
        let shortfall = Shortfall(
            "loss.alignment.targets.sample", sample, of: "images of class \(context.train.classNames[least])",
            available: sizes[least])
        return shortfall.map { [$0.description] } ?? []
    }

    /// Of each class, the training images among which the nearest is sought.
    private func candidates(_ context: TargetContext) throws -> [[Int]] {
        try context.members().enumerated().map { target, members in
            guard let sample, sample < members.count else { return members }
            var stream = RandomStream(seed: context.seed, purpose: .targetSelection, UInt64(target))
            return stream.distinct(sample, below: members.count).map { members[$0] }.sorted()
        }
    }
}

struct Neighbours: TargetSource {
    let train: Subset
    /// [classes][images]; the image itself where its class has no other.
    let neighbours: [[Int32]]
    let notices: [String]
    var contentHash: String? { nil }

    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        train.read(Int(neighbours[target][index]), into: out)
        for i in 0..<train.shape.count { out[i] -= pixels[i] }
    }
}

struct Candidates: UnseenTargets {
    let train: Subset
    /// [classes][images among which neighbours are sought]
    let candidates: [[Int]]

    func write(images: Source, count: Int, size: Int, target: Int, into out: Destination) {
        let search = NeighbourSearch(train, candidates: candidates[target])
        let given = Array(UnsafeBufferPointer(start: images, count: count * size))
        for (row, nearest) in search.nearest(toImages: given).enumerated() {
            let difference = out + row * size
            train.read(nearest, into: difference)
            for i in 0..<size { difference[i] -= given[row * size + i] }
        }
    }

    func write(pixels: Source, target: Int, into out: Destination) {
        let size = train.shape.count
        var image = [Scalar](repeating: 0, count: size), nearest = image, smallest = Double.infinity
        for candidate in candidates[target] {
            train.read(candidate, into: &image)
            var distance = 0.0
            for i in 0..<size {
                let difference = Double(image[i]) - Double(pixels[i])
                distance += difference * difference
            }
            if distance < smallest { (nearest, smallest) = (image, distance) }
        }
        for i in 0..<size { out[i] = nearest[i] - pixels[i] }
    }
}
