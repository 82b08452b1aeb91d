import Autodiff
import Configuration
import Data
import Diffusion
import Distributed
import Foundation
import Kernels
import Logging
import Randomness
import TestSupport
import Testing
import Training

/// What a small network learns of the score differences of `toy2d`, against the closed form. The noise levels are those
/// alone at which the modes touch (deviations 0.14 to 0.58, modes of one class 1.2 apart and of the other between).
@Suite struct LearnedScoreTests {
    static let text = """
        task: denoiser
        data: {dataset: toy2d, validation: 0}
        model: {kind: mlp-denoiser, width: 64, layers: 3, normalize: {mean: [0, 0], std: [34, 68]}}
        loss: {kind: denoising, timesteps: 20, noise: {kind: linear, start: 0.02, end: 0.02}, labelDropping: 0.4}
        train:
          epochs: 180
          batch: 512
          shard: 512
          ema: 0.995
          clip: 1
          optimizer: {kind: adamw, lr: 0.004, weightDecay: 0.0}
          schedule: {kind: cosine, warmup: 1}
        checkpoint: {everySteps: 0}
        compute: {replicaCheckEvery: 0}
        """

    @Test func pointTheRightWay() throws {
        let folder = TemporaryDirectory()
        let configuration: RunConfiguration = try Configuration.read(text: Self.text, source: "test")
        let run = try TrainingRun(
            configuration, directory: folder.path, resume: .none, communicator: SingleProcess(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, robustness: nil)
        try run.run()
        let process = try #require(configuration.loss.kind.diffusion)
        let learned = NetworkDenoiser(run.network.state, parameters: run.network.parameters, process)
        let exact = GaussianModes(levels: process.levels, deviation: ClosedFormTests.deviation)

        let pool = MemoryPool(), test = run.data.splits.test, count = test.count
        let images = Tensor([count, 1, 1, 2], in: pool) { out in
            for row in 0..<count { test.read(row, into: out + 2 * row) }
        }
        let normalised = run.network.state.model.normalisation(images)
        let draw = ScoreDifferences.Draw(time: 10, number: 0, seed: 9)
        let found = ScoreDifferences(learned, normalised, indices: Array(0..<count), draw).differences.array
        let wanted = ScoreDifferences(exact, normalised, indices: Array(0..<count), draw).differences.array
        var cosines = 0.0
        for place in 0..<(2 * count) {
            let f = found[(2 * place)..<(2 * place + 2)].map { Double($0) }
            let w = wanted[(2 * place)..<(2 * place + 2)].map { Double($0) }
            func dot(_ a: [Double], _ b: [Double]) -> Double { a[0] * b[0] + a[1] * b[1] }
            cosines += dot(f, w) / max(1e-30, (dot(f, f) * dot(w, w)).squareRoot())
        }
        let mean = cosines / Double(2 * count)
        #expect(mean >= 0.95, "mean cosine \(mean)")
    }
}
