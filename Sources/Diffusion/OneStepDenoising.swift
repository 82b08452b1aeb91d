import Autodiff
import Failures
import Kernels
import Layers

/// Takes normal noise of a known size out of images in one step of a denoiser (Carlini, Tramer, Dvijotham, Rice, Sun,
/// Kolter 2023): a noisy image x + sigma ε, scaled, is x_t of the time step with as much noise.
public struct OneStepDenoising {
    private let denoiser: any Denoiser
    private let normalisation: InputNormalisation
    private let range: ClosedRange<Scalar>?
    /// Of the denoiser: the first step with at least as much noise.
    public let time: Int

    /// Throws `badInput` where no step has as much noise, or channels have different amounts of it.
    /// - Parameters:
    ///   - normalisation: what the denoiser's images are made of those in [0, 1].
    ///   - range: of images; nil where nothing confines them.
    ///   - sigma: deviation of the noise, in units of images in [0, 1].
    ///   - name: the denoiser's, in messages.
    public init(
        _ denoiser: any Denoiser, _ normalisation: InputNormalisation, range: ClosedRange<Scalar>?, sigma: Double,
        name: String
    ) throws {
        let deviation = normalisation.deviation[0], levels = denoiser.levels
        guard normalisation.deviation.allSatisfy({ $0 == deviation }) else {
            throw Failure.badInput(
                name, "divides channels by \(normalisation.deviation)",
                expected: "one number, so that noise stays the same in all channels")
        }
        // (1 - ᾱ_t) / ᾱ_t is the variance of the noise in x_t / sqrt(ᾱ_t).
        let noise = (0..<levels.count).map { levels.deviation[$0] / levels.signal[$0] * deviation }
        guard let time = noise.firstIndex(where: { $0 >= sigma }) else {
            throw Failure.badInput(
                name, "has at most noise of deviation \(noise.max() ?? 0)", expected: "sigma \(sigma) or more")
        }
        self.denoiser = denoiser
        self.normalisation = normalisation
        self.range = range
        self.time = time
    }

    /// The mean image that the noisy ones, [B, H, W, C], come from, whatever its class, within the range.
    public func callAsFunction(_ noisy: Tensor) -> Tensor {
        let count = noisy.shape[0], signal = denoiser.levels.signal[time], deviation = denoiser.levels.deviation[time]
        let scaled = normalisation(noisy) * Scalar(signal)
        let noise = denoiser.noise(
            in: scaled, times: Array(repeating: time, count: count),
            classes: Array(repeating: denoiser.classes, count: count))
        let images = normalisation.inverted((scaled - noise * Scalar(deviation)) * Scalar(1 / signal))
        return range.map { images.clipped(to: $0) } ?? images
    }
}

extension Tensor {
    fileprivate func clipped(to range: ClosedRange<Scalar>) -> Tensor {
        let above = (self + -range.lowerBound).rectified()
        return above - (above + (range.lowerBound - range.upperBound)).rectified() + range.lowerBound
    }
}
