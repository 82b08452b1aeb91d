import Kernels

/// The image times the mean gradient on the straight way to it from black (Sundararajan, Taly, Yan 2017), by the midpoint
/// rule. The attributions add up to the difference that the class's value makes between the two.
struct IntegratedGradients: ExplanationMethod {
    let name = "integrated-gradients"
    var summary: String { "the image times the mean gradient at \(steps) points of the way from black" }
    let steps = 64

    func attributions(_ subject: ExplanationSubject) -> [Scalar] {
        let image = subject.image
        let sum = subject.gradientSum(steps) { step, out in
            let share = (Scalar(step) + 0.5) / Scalar(steps)
            for place in 0..<image.shape.count { out[place] = share * image.pointer[place] }
        }
        return sum.enumerated().map { image.pointer[$0] * $1 / Scalar(steps) }
    }
}
