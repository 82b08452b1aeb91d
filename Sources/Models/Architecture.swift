import Autodiff
import Configuration
import Layers

/// A kind of network: its settings and how it is put together from layers. A new one is one file and one line
/// in `ModelRegistry`.
public protocol Architecture: Configurable {
    /// Declares the network's parameters to `builder` and returns it as a map from images [B, H, W, C] to logits
    /// [B, classes]. `input` is [H, W, C].
    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer
    /// What is wrong with these settings for such images; nil if nothing.
    func problem(with input: Shape, classes: Int) -> String?
    /// Whether this is a denoising network, which maps noisy images and what the context's conditioning says to a
    /// prediction of the images' shape (its first channels, if it has more), instead of to logits.
    var predictsNoise: Bool { get }
}
