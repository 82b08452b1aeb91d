import Autodiff
import Configuration
import Formats

/// What computes target gradients that are too costly for the training step: its settings and how it is made. A new one
/// is one file and one line in `targetGenerators`.
public protocol TargetGenerator: Configurable {
    /// Files that it reads besides the data, where `runDirectory` is the run that the configuration describes.
    func inputFiles(runDirectory: String) -> [InputFile]
    /// Opens what it needs. Throws `badInput` where that is not for these images. The same on every rank.
    func prepare(_ context: GenerationContext) throws -> any PreparedGenerator
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
