import Kernels
import Randomness

/// The mean gradient at noisy copies of the image (Smilkov et al. 2017).
struct SmoothGradient: ExplanationMethod {
    let name = "smoothgrad"
    var summary: String { "the mean gradient at \(copies) copies with Gaussian noise of deviation \(deviation)" }
    let copies = 50
    /// In units of images in [0, 1].
    let deviation = 0.15

    func attributions(_ subject: ExplanationSubject) -> [Scalar] {
        let image = subject.image
        let sum = subject.gradientSum(copies) { copy, out in
            var noise = RandomStream(
                seed: subject.seed, purpose: .explanation, UInt64(subject.index), UInt64(copy))
            for place in 0..<image.shape.count {
                out[place] = image.pointer[place] + Scalar(deviation * noise.normal())
            }
        }
        return sum.map { $0 / Scalar(copies) }
    }
}
