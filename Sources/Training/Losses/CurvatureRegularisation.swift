import Autodiff
import Configuration
import Kernels

/// -log p_y(x) + weight |g(x + h z) - g(x)|^2 with g the input gradient of the cross-entropy and z a direction of unit
/// length: a penalty on the curvature where an attack would go, without an attack (CURE; Moosavi-Dezfooli, Fawzi,
/// Uesato, Frossard 2019). z is a constant.
struct CurvatureRegularisation: ClassificationLoss {
    /// Which attacks z looks toward.
    enum Direction: String, Sendable, CaseIterable {
        /// sign(g) / |sign(g)|, the authors'.
        case linf
        /// g / |g|
        case l2
    }

    /// Of the squared difference, beside the cross-entropy.
    var weight = 4.0
    /// The length of the step from x, in units of images in [0, 1].
    var distance = 1.5
    var direction = Direction.linf
    /// What BatchNorm's batch statistics are in the input gradients.
    var statistics = GradientPenalty.Statistics.frozen

    init() {}
    mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("weight", &weight, check: .notNegative)
        try fields.value("distance", &distance, check: .positive)
        try fields.value("direction", &direction)
        try fields.value("statistics", &statistics)
    }

    var title: String { "cross-entropy and its curvature (weight \(weight), distance \(distance))" }
    var figures: [StepFigure] { [.crossEntropy, .accuracy, .regularisation] }

    func callAsFunction(_ passes: inout ShardPasses) -> Tensor {
        let clean = passes.clean()
        let crossEntropy = passes.crossEntropy(clean)
        let here = inputGradient(of: crossEntropy, clean.images)
        // Zero for an image whose gradient is zero.
        let step = vectors(along: direction == .linf ? signs(here.detached) : here.detached, length: distance)
        let further = passes.outputs(of: clean.images.detached + step)
        let difference = inputGradient(of: passes.crossEntropy(further), further.images) - here
        let regularisation = difference.productSum(difference, axes: [-3, -2, -1]).total() * Scalar(weight)
        passes.figures.add(.crossEntropy, Double(crossEntropy.item))
        passes.figures.add(.accuracy, Double(correctPredictions(clean.logits, passes.shard.labels)))
        passes.figures.add(.regularisation, Double(regularisation.item))
        return crossEntropy + regularisation
    }

    private func inputGradient(of crossEntropy: Tensor, _ images: Tensor) -> Tensor {
        gradients(
            of: crossEntropy, with: [images], recording: true,
            statistics: statistics == .frozen ? .frozen : .perClass)[0]
    }
}
