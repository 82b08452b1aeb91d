import Autodiff
import Configuration
import Data
import Diffusion
import Failures
import Kernels

/// What computes target gradients that are too costly for the training step: its settings and how it is made. A new one
/// is one file and one line in `targetGenerators`.
public protocol TargetGenerator: Configurable {
    /// Opens what it needs. Throws `badInput` where that is not for these images. The same on every rank.
    func prepare(_ context: GenerationContext) throws -> any PreparedGenerator
}

let targetGenerators: [Kind<any TargetGenerator>] = [
    Kind("score", ScoreBased.self) { $0 },
    Kind("robust-model", RobustModel.self) { $0 },
]

/// What a generator can know while it is prepared.
public struct GenerationContext {
    /// The whole training split.
    public let dataset: any Dataset
    public let seed: UInt64
    /// The run that the configuration describes, whose newest checkpoint stands where none is named.
    public let runDirectory: String
    /// How images became noise for a network whose file does not say it.
    public let process: DiffusionProcess
    public let pool: MemoryPool
    /// To be called now and then, as a block of a large network takes minutes.
    public let progress: () -> Void

    public init(
        dataset: any Dataset, seed: UInt64, runDirectory: String, process: DiffusionProcess, pool: MemoryPool,
        progress: @escaping () -> Void
    ) {
        self.progress = progress
        self.dataset = dataset
        self.seed = seed
        self.runDirectory = runDirectory
        self.process = process
        self.pool = pool
    }

    /// [H, W, C]
    var imageShape: Shape { [dataset.shape.height, dataset.shape.width, dataset.shape.channels] }
    var classes: Int { dataset.classNames.count }

    func require(_ input: Shape, _ classes: Int, of path: String) throws {
        guard input == imageShape, classes == self.classes else {
            throw Failure.badInput(
                path, "is for \(classes) classes of images \(input)",
                expected: "\(self.classes) classes of \(imageShape) as in \(dataset.name)")
        }
    }
}

/// Ready to compute.
public protocol PreparedGenerator {
    /// What decides the numbers besides the data: goes into the file.
    var identity: [String: String] { get }
    /// For people: what it costs an image.
    var cost: String { get }
    /// g(x, t) for images [B, H, W, C] as the data set has them: [classes, B, H, W, C]. An image's targets depend on it
    /// and its index in the data set alone.
    func targets(of images: Tensor, indices: [Int]) -> Tensor
    /// What the denoiser says of images at single noise levels; nil where there is none.
    var survey: ScoreSurvey? { get }
}

extension PreparedGenerator {
    public var survey: ScoreSurvey? { nil }
}

/// The `targets` section: what `pag targets` computes and how it is stored.
public struct TargetsConfiguration: Configurable {
    public enum Element: String, Sendable, CaseIterable { case f32, f16 }

    public var generator: any TargetGenerator = ScoreBased()
    public var element = Element.f32
    /// Images computed and written at a time.
    public var block = 16
    public enum Split: String, Sendable, CaseIterable { case train, test }

    /// Images that the table over noise levels is made from, and where they are taken from; 0: no table.
    public var surveyImages = 200
    public var surveySplit = Split.train

    public init() {}
    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.kind("kind", &generator, targetGenerators)
        try fields.value("element", &element)
        try fields.value("block", &block, in: 1...4096)
        try fields.value("surveyImages", &surveyImages, check: .notNegative)
        try fields.value("surveySplit", &surveySplit)
    }
}
