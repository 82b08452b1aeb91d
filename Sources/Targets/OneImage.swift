import Configuration
import Data
import Formats
import Kernels
import Randomness

/// g(x, t) = r_t - x with one training image r_t a class, drawn once from the seed.
struct OneImage: TargetConfiguration {
    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {}

    var inputFiles: [InputFile] { [] }
    var withoutPlaces: any TargetConfiguration { self }

    func prepare(_ context: TargetContext) throws -> any TargetSource { try images(context) }
    func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)? { try images(context) }

    private func images(_ context: TargetContext) throws -> ClassImages {
        let members = try context.members()
        return ClassImages(
            images: members.enumerated().map { target, members in
                var stream = RandomStream(seed: context.seed, purpose: .targetSelection, UInt64(target))
                var image = [Scalar](repeating: 0, count: context.train.shape.count)
                context.train.read(members[stream.below(members.count)], into: &image)
                return image
            })
    }
}
