import Configuration
import Data
import Formats
import Kernels

/// g(x, t) = scale * mean of the training images of class t - x.
struct ClassMean: TargetConfiguration {
    /// Means are paler than images; a scale above 1 gives them an image's norm back.
    var scale = 1.0

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("scale", &scale, check: .positive)
    }

    var inputFiles: [InputFile] { [] }
    var withoutPlaces: any TargetConfiguration { self }

    func prepare(_ context: TargetContext) throws -> any TargetSource { try images(context) }
    func prepareUnseen(_ context: TargetContext) throws -> (any UnseenTargets)? { try images(context) }

    private func images(_ context: TargetContext) throws -> ClassImages {
        let count = context.train.shape.count
        var image = [Scalar](repeating: 0, count: count)
        return ClassImages(
            images: try context.members().map { members in
                var sums = [Double](repeating: 0, count: count)
                for index in members {
                    context.train.read(index, into: &image)
                    for i in 0..<count { sums[i] += Double(image[i]) }
                }
                return sums.map { Scalar(scale * $0 / Double(members.count)) }
            })
    }
}
