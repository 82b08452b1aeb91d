import Configuration
import Data
import Formats
import Kernels
import Randomness

/// g(x, t) = the target of another source toward another class, by a fixed permutation that leaves no class in its
/// place: a control whose vectors look alike but mean something else.
struct ShuffledClasses: TargetConfiguration {
    /// Whose targets are shuffled.
    var of: any TargetConfiguration = NearestNeighbour()

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.section("of", kinds: plainTargets, &of)
    }

    var inputFiles: [InputFile] { of.inputFiles }
    var withoutPlaces: any TargetConfiguration {
        var copy = self
        copy.of = of.withoutPlaces
        return copy
    }

    func prepare(_ context: TargetContext) throws -> any TargetSource {
        Shuffled(source: try of.prepare(context), classes: Self.classes(context))
    }
    func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)? {
        try of.prepareUnseen(context).map { ShuffledUnseen(source: $0, classes: Self.classes(context)) }
    }

    /// The classes in a random circle, each replaced by the next.
    private static func classes(_ context: TargetContext) -> [Int] {
        var stream = RandomStream(seed: context.seed, purpose: .controlTargets)
        let circle = stream.permutation(context.classes)
        var next = circle
        for (place, label) in circle.enumerated() { next[label] = circle[(place + 1) % circle.count] }
        return next
    }
}

private struct Shuffled: TargetSource {
    let source: any TargetSource
    let classes: [Int]
    var contentHash: String? { source.contentHash }
    var notices: [String] { source.notices }
    func write(index: Int, pixels: Source, target: Int, into out: Destination) {
        source.write(index: index, pixels: pixels, target: classes[target], into: out)
    }
}

private struct ShuffledUnseen: UnseenTargets {
    let source: any UnseenTargets
    let classes: [Int]
    func write(pixels: Source, target: Int, into out: Destination) {
        source.write(pixels: pixels, target: classes[target], into: out)
    }
    func write(images: Source, count: Int, size: Int, target: Int, into out: Destination) {
        source.write(images: images, count: count, size: size, target: classes[target], into: out)
    }
}
