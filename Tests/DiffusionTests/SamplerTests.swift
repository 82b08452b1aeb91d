import Autodiff
import Diffusion
import Glibc
import Kernels
import Randomness
import Testing

/// A denoiser given as a function of one number.
struct PointwiseDenoiser: Denoiser {
    let levels: NoiseLevels
    let input: Shape = [1, 1, 1]
    let classes = 2
    let noise: @Sendable (_ x: Double, _ signal: Double, _ deviation: Double, _ label: Int) -> Double

    func noise(in noisy: Tensor, times: [Int], classes: [Int]) -> Tensor {
        Tensor(noisy.shape, in: noisy.pool) { out in
            for row in times.indices {
                let (a, s) = (levels.signal[times[row]], levels.deviation[times[row]])
                out[row] = Scalar(noise(Double(noisy.pointer[row]), a, s, classes[row]))
            }
        }
    }
}

@Suite struct SamplerTests {
    private func sample(_ kind: Sampler.Kind, _ denoiser: PointwiseDenoiser, _ classes: [Int], steps: Int) -> [Double] {
        Sampler(kind, steps: steps, range: nil, seed: 5)(denoiser, classes: classes, in: MemoryPool()).array
            .map { Double($0) }
    }

    /// For data N(m, c²) the noise to expect in x_t is known.
    private func normal(mean: [Double], deviation c: Double, timesteps: Int = 1000) -> PointwiseDenoiser {
        var process = DiffusionProcess()
        process.timesteps = timesteps
        process.noise = CosineNoise()
        return PointwiseDenoiser(levels: process.levels) { x, a, s, label in
            s * (x - a * mean[label]) / (a * a * c * c + s * s)
        }
    }

    @Test(arguments: [Sampler.Kind.ddim, .ancestral]) func certainDataAreFoundExactly(_ kind: Sampler.Kind) {
        let found = sample(kind, normal(mean: [0.5, -0.25, 0.1], deviation: 0), [0, 1, 2, 1], steps: 10)
        for (value, wanted) in zip(found, [0.5, -0.25, 0.1, -0.25]) { #expect(abs(value - wanted) < 1e-3) }
    }

    @Test(arguments: [Sampler.Kind.ddim, .ancestral]) func samplesHaveTheDatasMeanAndDeviation(_ kind: Sampler.Kind) {
        let count = 4000
        let found = sample(
            kind, normal(mean: [0.4, 0, 0], deviation: 0.3), Array(repeating: 0, count: count), steps: 250)
        let mean = found.reduce(0, +) / Double(count)
        let variance = found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        // Four standard errors, and the error of finite steps.
        #expect(abs(mean - 0.4) < 4 * 0.3 / Double(count).squareRoot() + 0.005)
        #expect(abs(variance.squareRoot() - 0.3) < 4 * 0.3 / (2 * Double(count)).squareRoot() + 0.01)
    }

    /// Ho, Jain and Abbeel's equations (6) and (7), written out for two time steps.
    @Test func anAncestralStepIsThePosterior() {
        let levels = NoiseLevels(betas: [0.2, 0.5])
        let denoiser = PointwiseDenoiser(levels: levels) { x, _, s, label in tanh(x) * s + Double(label) / 4 }
        var first = RandomStream(seed: 5, purpose: .sampling, 0, 0)
        var second = RandomStream(seed: 5, purpose: .sampling, 0, 1)
        let kept = [0.8, 0.8 * 0.5]
        func image(_ x: Double, _ time: Int) -> Double {
            let s = (1 - kept[time]).squareRoot()
            return (x - s * (tanh(x) * s + 0.25)) / kept[time].squareRoot()
        }
        let x1 = first.normal()
        let mean =
            kept[0].squareRoot() * 0.5 / (1 - kept[1]) * image(x1, 1)
            + 0.5.squareRoot() * (1 - kept[0]) / (1 - kept[1]) * x1
        let variance = (1 - kept[0]) / (1 - kept[1]) * 0.5
        let x0 = mean + variance.squareRoot() * second.normal()
        let found = sample(.ancestral, denoiser, [1], steps: 2)[0]
        #expect(abs(found - image(x0, 0)) < 1e-5)
    }

    @Test func aSampleDoesNotDependOnItsCompany() {
        let denoiser = normal(mean: [0.4, -0.4, 0], deviation: 0.3)
        let alone = sample(.ancestral, denoiser, [1], steps: 20)
        #expect(sample(.ancestral, denoiser, [1, 0, 2], steps: 20)[0] == alone[0])
    }

    @Test func predictionsAreCutToTheRange() {
        let denoiser = normal(mean: [3, -3, 0], deviation: 0.01)
        let found = Sampler(.ddim, steps: 20, range: -1...1, seed: 1)(denoiser, classes: [0, 1], in: MemoryPool()).array
        for (value, wanted) in zip(found, [1, -1]) { #expect(abs(Double(value) - Double(wanted)) < 1e-5) }
    }
}

@Suite struct NoisyImagesTests {
    private let levels = DiffusionProcess().levels

    private func shown(_ rows: [Int], dropping: Double = 0.25) -> (NoisyImages, MemoryPool) {
        let pool = MemoryPool()
        let numbers = rows.flatMap { row in (0..<6).map { Scalar(row * 6 + $0) / 100 } }
        let images = Tensor([rows.count, 1, 2, 3], numbers, in: pool)
        let noisy = NoisyImages(
            images, labels: rows.map { $0 % 3 }, emptyClass: 3, labelDropping: dropping, levels: levels
        ) { RandomStream(seed: 2, purpose: .diffusion, 0, UInt64(rows[$0])) }
        return (noisy, pool)
    }

    @Test func anImagesNoiseIsItsOwn() {
        let (all, pool) = shown(Array(0..<8)), (part, otherPool) = shown([5, 2])
        withExtendedLifetime((pool, otherPool)) {
            #expect(part.times == [all.times[5], all.times[2]])
            #expect(part.noisy.rows(0..<1).array == all.noisy.rows(5..<6).array)
        }
    }

    @Test func noiseAndVelocityGiveTheImageBack() {
        let (shown, pool) = shown(Array(0..<20))
        let noise = shown.wanted(.epsilon, levels).array, velocity = shown.wanted(.v, levels).array
        for (i, noisy) in withExtendedLifetime(pool, { shown.noisy.array }).enumerated() {
            let a = levels.signal[shown.times[i / 6]], s = levels.deviation[shown.times[i / 6]]
            let image = Double(i) / 100
            #expect(abs(Double(noisy) - (a * image + s * Double(noise[i]))) < 1e-5)
            #expect(abs(a * Double(noisy) - s * Double(velocity[i]) - image) < 1e-5)
        }
    }

    @Test func labelsAreDroppedAsOftenAsAsked() {
        let (shown, pool) = shown(Array(0..<2000))
        let dropped = withExtendedLifetime(pool) { shown.classes.count { $0 == 3 } }
        #expect(abs(Double(dropped) - 500) < 4 * (2000 * 0.25 * 0.75).squareRoot())
        #expect(Set(shown.times).count > 800)
        let (kept, otherPool) = self.shown(Array(0..<50), dropping: 0)
        withExtendedLifetime(otherPool) { #expect(kept.classes == (0..<50).map { $0 % 3 }) }
    }
}
