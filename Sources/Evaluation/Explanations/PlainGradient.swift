import Kernels

/// The gradient at the image (Simonyan, Vedaldi, Zisserman 2013).
struct PlainGradient: ExplanationMethod {
    let name = "gradient"
    let summary = "the gradient at the image"

    func attributions(_ subject: ExplanationSubject) -> [Scalar] {
        subject.gradientSum(1) { _, out in out.update(from: subject.image.pointer, count: subject.image.shape.count) }
    }
}
