import Autodiff
import Configuration
import Layers

/// A kind of network: its settings and how it is put together from layers. A new one is one file and one line
/// in `ModelRegistry`.
public protocol Architecture: Configurable {
    /// Declares the network's parameters to `builder` and returns it as a map from images [B, H, W, C] to logits
    /// [B, classes]. `input` is [H, W, C].
    func build(input: Shape, classes: Int, in builder: inout ModelBuilder) -> any Layer
    /// The same with all that it needs of files, before it is built; itself for most. Throws `badInput` for a file that is
    /// no such network.
    func opened(input: Shape, classes: Int) throws -> any Architecture
    /// Of an opened network: what a checkpoint keeps, besides settings and numbers, for it to be built again; nil where
    /// the settings say all.
    var structure: [UInt8]? { get }
    /// The same network by what a checkpoint kept of it.
    func restored(from structure: [UInt8]) -> any Architecture
    /// Files that the settings name.
    var files: [String] { get }
    /// What is wrong with these settings for such images; nil if nothing.
    func problem(with input: Shape, classes: Int) -> String?
    /// Whether this is a denoising network, which maps noisy images and what the context's conditioning says to a
    /// prediction of the images' shape (its first channels, if it has more), instead of to logits.
    var predictsNoise: Bool { get }
}

extension Architecture {
    public func opened(input: Shape, classes: Int) throws -> any Architecture { self }
    public var structure: [UInt8]? { nil }
    public func restored(from structure: [UInt8]) -> any Architecture { self }
    public var files: [String] { [] }
}
