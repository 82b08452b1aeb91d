import Data
import Randomness

/// What images suffer on their way to a classifier, as Hendrycks and Dietterich (2019) simulate it, with the strengths of
/// CIFAR-10-C.
public protocol Corruption: Sendable {
    /// As the published files are called.
    var name: String { get }
    /// Whether images of this shape can be corrupted so.
    func suits(_ shape: ImageShape) -> Bool
    /// The image corrupted at a severity from 1 to 5, of the same shape. A function of its arguments alone; the image must
    /// be of a shape that suits.
    func callAsFunction(_ image: PixelImage, severity: Int, _ random: inout RandomStream) -> PixelImage
}

/// Corruptions that are computed, in the published order. Frost, which needs photographs, and spatter are missing.
public let builtInCorruptions: [any Corruption] = [
    GaussianNoise(), ShotNoise(), ImpulseNoise(),
    DefocusBlur(), GlassBlur(), MotionBlur(), ZoomBlur(),
    Snow(), Fog(), Brightness(), Contrast(),
    ElasticTransform(), Pixelate(), JPEGCompression(),
    SpeckleNoise(), GaussianBlur(), Saturate(),
]
