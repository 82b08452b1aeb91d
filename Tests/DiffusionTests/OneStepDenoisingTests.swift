import Autodiff
import Diffusion
import Failures
import Kernels
import Layers
import Testing

@Suite struct OneStepDenoisingTests {
    /// For pixels of N(0.6, 0.2²) and noise of a known size the mean of the image is known. The denoiser's images are
    /// those in [-1, 1], where mean and deviations are others.
    private func denoiser(_ levels: NoiseLevels) -> PointwiseDenoiser {
        PointwiseDenoiser(levels: levels) { x, a, s, label in
            label == 2 ? s * (x - a * 0.2) / (a * a * 0.16 + s * s) : .nan
        }
    }
    private let normalisation = InputNormalisation(mean: [0.5], deviation: [0.5])

    @Test func theMeanOfTheImageIsFound() throws {
        // Noise of deviation 0.5 in [-1, 1] beside images of ᾱ = 0.8.
        let levels = NoiseLevels(betas: [0.1, 1 - 0.8 / 0.9, 0.5])
        let denoising = try OneStepDenoising(
            denoiser(levels), normalisation, range: nil, sigma: 0.25 - 1e-12, name: "test")
        #expect(denoising.time == 1)
        let noisy = [-0.4, 0.1, 0.6, 1.7]
        let found = denoising(Tensor([4, 1, 1, 1], noisy.map { Scalar($0) }, in: MemoryPool())).array
        for (value, pixel) in zip(found, noisy) {
            let mean = (0.04 * pixel + 0.0625 * 0.6) / (0.04 + 0.0625)
            #expect(abs(Double(value) - mean) < 1e-6)
        }
    }

    @Test func imagesStayInTheirRange() throws {
        let certain = PointwiseDenoiser(levels: NoiseLevels(betas: [0.5])) { _, _, _, _ in 0 }
        let denoising = try OneStepDenoising(certain, normalisation, range: 0...1, sigma: 0.1, name: "test")
        let found = denoising(Tensor([4, 1, 1, 1], [-0.5, 0.25, 1, 3], in: MemoryPool())).array
        for (value, expected) in zip(found, [0, 0.25, 1, 1] as [Scalar]) { #expect(abs(value - expected) < 1e-6) }
    }

    /// As the published loop has it: time steps are gone through until there is as much noise as sigma.
    @Test(arguments: [0.001, 0.12, 0.25, 0.5, 1])
    func theTimeIsTheFirstWithSoMuchNoise(sigma: Double) throws {
        let betas = (0..<1000).map { 1e-4 + (0.02 - 1e-4) * Double($0) / 999 }
        var time = -1, kept = 1.0, noise = 0.0
        while noise < 2 * sigma {
            time += 1
            kept *= 1 - betas[time]
            noise = ((1 - kept) / kept).squareRoot()
        }
        let denoising = try OneStepDenoising(
            denoiser(DiffusionProcess().levels), normalisation, range: nil, sigma: sigma, name: "test")
        #expect(denoising.time == time)
    }

    @Test func whatCannotBeIsRefused() {
        let levels = NoiseLevels(betas: [0.1])
        let uneven = InputNormalisation(mean: [0, 0], deviation: [1, 0.5])
        for (normalisation, sigma) in [(normalisation, 1.0), (uneven, 0.1)] {
            let failure = #expect(throws: Failure.self) {
                try OneStepDenoising(denoiser(levels), normalisation, range: nil, sigma: sigma, name: "test")
            }
            #expect(failure?.kind == .badInput)
        }
    }
}
