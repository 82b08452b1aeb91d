import Autodiff
import Configuration
import Diffusion
import Failures
import Formats
import Kernels
import Layers

/// g(x, t) = (ε̂(x_t, t, ∅) − ε̂(x_t, t, y)) / deviation of the pixels, averaged over noise draws and noise levels: the
/// direction of ∇ log p(y | x_t), from one network that knows classes and the empty class (Ganz, Kawar, Elad 2023).
public struct ScoreBased: TargetGenerator {
    /// A checkpoint, a run directory, or a folder that diffusers saved; null: the run directory of this configuration.
    public var denoiser: String?
    /// The time steps, 0 ..< timesteps, that targets are averaged over.
    public var times = [100]
    /// Noise draws at each of them.
    public var draws = 4
    /// The time steps of the table; null: eight over the whole range.
    public var surveyTimes: [Int]?

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.optional("denoiser", &denoiser, check: .notEmpty)
        try fields.value("times", &times, count: 1...1000, check: .notNegative)
        try fields.value("draws", &draws, in: 1...10_000)
        try fields.optional("surveyTimes", &surveyTimes, count: 1...100, check: .notNegative)
    }

    public func inputFiles(runDirectory: String) -> [InputFile] {
        [InputFile(denoiser ?? runDirectory, .denoiser)]
    }

    public func prepare(_ context: GenerationContext) throws -> any PreparedGenerator {
        let files = inputFiles(runDirectory: context.runDirectory)
        let file = try DenoiserFile(context.files[files[0]], context)
        let count = file.process.timesteps
        for (name, times) in [("times", times), ("surveyTimes", surveyTimes ?? [])] {
            guard let late = times.first(where: { $0 >= count }) else { continue }
            throw Failure(.badInput, "targets.\(name): \(late) is not among the denoiser's steps 0 ... \(count - 1)")
        }
        let network = NetworkDenoiser(file.state, file.process)
        return try PreparedScores(
            denoiser: network, normalisation: file.state.model.normalisation, settings: self, seed: context.seed,
            denoiserIdentity: file.identity, progress: context.progress)
    }
}

/// Score differences of a denoiser, ready to compute.
public struct PreparedScores: PreparedGenerator {
    private let denoiser: any Denoiser
    private let normalisation: InputNormalisation
    private let settings: ScoreBased
    private let seed: UInt64
    public let identity: [String: String]
    private let progress: () -> Void

    /// - Parameters:
    ///   - denoiserIdentity: what tells the denoiser's numbers from others'.
    ///   - progress: called after every noise draw.
    public init(
        denoiser: any Denoiser, normalisation: InputNormalisation, settings: ScoreBased, seed: UInt64,
        denoiserIdentity: String, progress: @escaping () -> Void = {}
    ) throws {
        self.denoiser = denoiser
        self.normalisation = normalisation
        self.settings = settings
        self.seed = seed
        self.progress = progress
        var relevant = settings
        relevant.denoiser = nil
        relevant.surveyTimes = nil
        identity = [
            "generator": "score \(try Configuration.json(of: relevant))", "seed": String(seed),
            "denoiser": denoiserIdentity,
        ]
    }

    public var cost: String {
        "\(settings.times.count * settings.draws * (denoiser.classes + 1)) network passes an image"
    }

    public func targets(of images: Tensor, indices: [Int]) -> Tensor {
        let normalised = normalisation(images)
        var sum: Tensor?
        for time in settings.times {
            for number in 0..<settings.draws {
                let found = ScoreDifferences(
                    denoiser, normalised, indices: indices, .init(time: time, number: number, seed: seed))
                sum = sum.map { $0 + found.differences } ?? found.differences
                progress()
            }
        }
        guard let sum else { preconditionFailure("PreparedScores: no draws") }
        return pixelGradient(sum * (1 / Scalar(settings.times.count * settings.draws)))
    }

    /// A gradient with respect to pixels from one with respect to normalised pixels.
    private func pixelGradient(_ gradient: Tensor) -> Tensor {
        let factors = normalisation.deviation.map { Scalar(1 / $0) }
        return factors.allSatisfy { $0 == 1 }
            ? gradient : gradient * Tensor([factors.count], factors, in: gradient.pool)
    }

    public var survey: ScoreSurvey? {
        let count = denoiser.levels.count
        return ScoreSurvey(
            times: settings.surveyTimes ?? (0..<8).map { (2 * $0 + 1) * count / 16 }, draws: max(2, settings.draws),
            scores: { images, indices, time, number in
                let found = ScoreDifferences(
                    denoiser, normalisation(images), indices: indices,
                    .init(time: time, number: number, seed: seed))
                progress()
                return (pixelGradient(found.differences), found.errors)
            })
    }
}
